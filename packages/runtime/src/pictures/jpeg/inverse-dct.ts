/**
 * The inverse cosine transform of a block, by the integers of libjpeg-turbo: its method `islow`, which is the default
 * of sharp and of browsers. The results are the same, bit by bit, also where the numbers of a broken image exceed
 * 16 bits.
 * @param coefficients in natural order (not zigzag); the block begins at `from`.
 * @param steps the quantisation table, in natural order.
 * @param to takes the 8×8 samples, 0 to 255, in rows of `stride`, from `at` on.
 * Source: Loeffler, Ligtenberg and Moschytz 1989; libjpeg-turbo, jidctint.c and simd/x86_64/jidctint-avx2.asm.
 */
export function inverseDct(
  coefficients: Int16Array,
  from: number,
  steps: Uint16Array,
  to: Uint8ClampedArray,
  at: number,
  stride: number,
): void {
  const isFlat = !hasRows(coefficients, from);
  for (let x = 0; x < 8; x++) {
    if (isFlat) {
      const value = int16((coefficients[from + x] as number) * (steps[x] as number) * 4);
      for (let i = x; i < 64; i += 8) columns[i] = value;
      continue;
    }
    for (let y = 0; y < 8; y++) {
      const i = 8 * y + x;
      line[y] = (coefficients[from + i] as number) * (steps[i] as number);
    }
    transform(11);
    for (let y = 0; y < 8; y++) columns[8 * y + x] = saturate(line[y] as number);
  }
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) line[x] = columns[8 * y + x] as number;
    transform(18);
    const row = at + y * stride;
    for (let x = 0; x < 8; x++) to[row + x] = 128 + (line[x] as number); // clamps
  }
}

/** Whether a block has coefficients below its first row. Without them its columns are constant. */
function hasRows(coefficients: Int16Array, from: number): boolean {
  for (let i = from + 8; i < from + 64; i++) if (coefficients[i] !== 0) return true;
  return false;
}

const columns = new Int32Array(64);
const line = new Int32Array(8);

/** Transforms `line`; the results are divided by 2^shift and rounded. Factors are cosines times 2¹³. */
function transform(shift: number): void {
  const i0 = int16(line[0]);
  const i1 = int16(line[1]);
  const i2 = int16(line[2]);
  const i3 = int16(line[3]);
  const i4 = int16(line[4]);
  const i5 = int16(line[5]);
  const i6 = int16(line[6]);
  const i7 = int16(line[7]);
  // Even part
  const z1 = (i2 + i6) * 4433;
  const z2 = z1 - i6 * 15137;
  const z3 = z1 + i2 * 6270;
  const round = 1 << (shift - 1);
  const sum = (int16(i0 + i4) << 13) + round;
  const difference = (int16(i0 - i4) << 13) + round;
  // Odd part
  const s37 = int16(i3 + i7);
  const s15 = int16(i1 + i5);
  const s = (s37 + s15) * 9633;
  const s17 = (i1 + i7) * -7373;
  const s35 = (i3 + i5) * -20995;
  const t37 = s - s37 * 16069;
  const t15 = s - s15 * 3196;
  const b0 = i1 * 12299 + s17 + t15;
  const b1 = i3 * 25172 + s35 + t37;
  const b2 = i5 * 16819 + s35 + t15;
  const b3 = i7 * 2446 + s17 + t37;
  line[0] = (sum + z3 + b0) >> shift;
  line[7] = (sum + z3 - b0) >> shift;
  line[1] = (difference + z2 + b1) >> shift;
  line[6] = (difference + z2 - b1) >> shift;
  line[2] = (difference - z2 + b2) >> shift;
  line[5] = (difference - z2 - b2) >> shift;
  line[3] = (sum - z3 + b3) >> shift;
  line[4] = (sum - z3 - b3) >> shift;
}

function int16(value: number | undefined): number {
  return ((value as number) << 16) >> 16;
}

function saturate(value: number): number {
  return Math.max(-32768, Math.min(value, 32767));
}
