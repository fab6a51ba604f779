/** Rounds of relaxation. Differences that remain are far below a bin in holes of up to 64 pixels. */
const rounds = 600;
/** Of successive over-relaxation: between 1 and 2, the larger the faster for large holes. */
const relaxation = 1.7;

/**
 * Fills a hole smoothly: each unknown value becomes the mean of its neighbours. It knows nothing of images.
 * @param x channels × height × width numbers, changed in place.
 * @param hole 1 for each unknown value.
 */
export function fillHarmonically(
  x: Float32Array,
  hole: Float32Array,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
): void {
  const size = height * width;
  for (let c = 0; c < channels; c++) {
    const [plane, unknown] = [x.subarray(c * size, (c + 1) * size), hole.subarray(c * size, (c + 1) * size)];
    fillPlane(plane, unknown, height, width);
  }
}

function fillPlane(x: Float32Array, hole: Float32Array, height: number, width: number): void {
  let [sum, count] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    if (hole[i] === 1) continue;
    sum += x[i] as number;
    count++;
  }
  const inside = [...hole.keys()].filter((i) => hole[i] === 1);
  for (const i of inside) x[i] = count > 0 ? sum / count : 0;
  if (count === 0) return;
  for (let round = 0; round < rounds; round++) {
    let change = 0;
    for (const i of inside) {
      const column = i % width;
      const around = [
        ...(i >= width ? [i - width] : []),
        ...(i < (height - 1) * width ? [i + width] : []),
        ...(column > 0 ? [i - 1] : []),
        ...(column < width - 1 ? [i + 1] : []),
      ];
      const mean = around.reduce((total, j) => total + (x[j] as number), 0) / around.length;
      const step = relaxation * (mean - (x[i] as number));
      x[i] = (x[i] as number) + step;
      change = Math.max(change, Math.abs(step));
    }
    if (change < 1e-6) return;
  }
}
