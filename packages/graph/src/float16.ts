const LARGEST = 65504;
/** From here on the step between half-precision numbers is that of the smallest exponent. */
const SMALLEST_EXPONENT = -14;

/** The nearest half-precision number, ties to even; infinite from 65520 on. 0.1 → 0.0999755859375. */
export function roundFloat16(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const step = stepOf(value);
  const steps = Math.abs(value) / step;
  const below = Math.floor(steps);
  const rest = steps - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  const rounded = (up ? below + 1 : below) * step;
  return Math.sign(value) * (rounded > LARGEST ? Infinity : rounded);
}

/** The 16 bits of the nearest half-precision number: sign, five of exponent, ten of fraction. 1 → 0x3c00. */
export function float16Bits(value: number): number {
  const rounded = roundFloat16(value);
  const sign = rounded < 0 || Object.is(rounded, -0) ? 0x8000 : 0;
  const size = Math.abs(rounded);
  if (Number.isNaN(size)) return 0x7e00;
  if (size === Infinity) return sign | 0x7c00;
  const step = stepOf(size);
  const steps = size / step; // 1024 … 2047, fewer for subnormal numbers
  return sign | (steps < 1024 ? steps : ((Math.log2(step) + 25) << 10) + steps - 1024);
}

/** Half-precision numbers around this one are that far apart. */
function stepOf(value: number): number {
  let exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), SMALLEST_EXPONENT);
  if (2 ** exponent > Math.abs(value) && exponent > SMALLEST_EXPONENT) exponent -= 1; // log2 rounds
  return 2 ** (exponent - 10);
}
