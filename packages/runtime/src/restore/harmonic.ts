/** Rounds of relaxation. Differences that remain are far below a bin in holes of up to 64 pixels. */
const rounds = 600;
/** Of successive over-relaxation: between 1 and 2, the larger the faster for large holes. */
const relaxation = 1.7;
/** Values that are worked on between two pauses: some ten milliseconds. */
const valuesBetweenPauses = 2e6;

/**
 * Fills a hole smoothly: each unknown value becomes the mean of its neighbours. It knows nothing of images.
 * @param x channels × height × width numbers, changed in place.
 * @param hole 1 for each unknown value.
 * @param pause lets others work, and may end the fill by throwing.
 */
export async function fillHarmonically(
  x: Float32Array,
  hole: Float32Array,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
  pause: () => Promise<void> = async () => {},
): Promise<void> {
  const size = height * width;
  let worked = 0;
  for (let c = 0; c < channels; c++) {
    const plane = x.subarray(c * size, (c + 1) * size);
    const inside = fillWithMean(plane, hole.subarray(c * size, (c + 1) * size));
    if (inside.length === size) continue;
    for (let round = 0; round < rounds; round++) {
      worked += inside.length;
      if (worked > valuesBetweenPauses) {
        worked = 0;
        await pause();
      }
      if (relax(plane, inside, height, width) < 1e-6) break;
    }
  }
}

/** @returns the places of the unknown values, which get the mean of the known ones. */
function fillWithMean(x: Float32Array, hole: Float32Array): Uint32Array {
  const inside = Uint32Array.from([...hole.keys()].filter((i) => hole[i] === 1));
  let sum = 0;
  for (let i = 0; i < x.length; i++) if (hole[i] !== 1) sum += x[i] as number;
  const mean = inside.length < x.length ? sum / (x.length - inside.length) : 0;
  for (const i of inside) x[i] = mean;
  return inside;
}

/** One round. @returns the largest change. */
function relax(x: Float32Array, inside: Uint32Array, height: number, width: number): number {
  let change = 0;
  for (const i of inside) {
    const column = i % width;
    let [sum, count] = [0, 0];
    const add = (j: number) => {
      sum += x[j] as number;
      count++;
    };
    if (i >= width) add(i - width);
    if (i < (height - 1) * width) add(i + width);
    if (column > 0) add(i - 1);
    if (column < width - 1) add(i + 1);
    const step = relaxation * (sum / count - (x[i] as number));
    x[i] = (x[i] as number) + step;
    change = Math.max(change, Math.abs(step));
  }
  return change;
}
