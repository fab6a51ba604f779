const LARGEST = 65504;
/** Below this exponent the step between half-precision numbers stays the same. */
const SMALLEST_EXPONENT = -14;

/** Float64 numbers of this size have no fraction, so adding it rounds to an integer, ties to even. */
const TO_EVEN = 2 ** 52;

/** The nearest half-precision number, ties to even; infinite from 65520 on. 0.1 → 0.0999755859375. */
export function roundFloat16(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const step = stepOf(value);
  const rounded = (Math.abs(value) / step + TO_EVEN - TO_EVEN) * step;
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

/** The number with these 16 bits. 0x3c00 → 1. */
export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** 2^(e − 10) for the exponents −14 … 16 of half precision. */
const stepsByExponent = Float64Array.from({ length: 31 }, (_, i) => 2 ** (i + SMALLEST_EXPONENT - 10));
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** The distance between half-precision numbers around this number. Its exponent is read from its bits, for speed. */
function stepOf(value: number): number {
  double[0] = value;
  const exponent = ((words[1] >>> 20) & 0x7ff) - 1023;
  return stepsByExponent[Math.min(Math.max(exponent, SMALLEST_EXPONENT), 16) - SMALLEST_EXPONENT];
}
