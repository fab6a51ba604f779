/** The samples of one component. */
export interface Plane {
  readonly samples: Uint8ClampedArray;
  /** Distance between rows in `samples`. */
  readonly stride: number;
  /** Samples of a row and of a column that belong to the image. */
  readonly width: number;
  readonly height: number;
  /** Pixels per sample, horizontally and vertically. */
  readonly across: number;
  readonly down: number;
}

/**
 * Writes row y of the image, at its full width: between the samples of a component with half the pixels, three
 * quarters are of the nearer sample and one of the farther ("fancy upsampling"); other ratios repeat samples. These
 * are the integers of libjpeg-turbo.
 * Source: libjpeg-turbo, jdsample.c.
 */
export function upsampleRow(plane: Plane, y: number, row: Uint8Array): void {
  const { across, down, width } = plane;
  if (across === 2 && down === 2 && width > 2) bothWays(plane, y, row);
  else if (across === 2 && down === 1 && width > 2) acrossOnly(plane, y, row);
  else if (across === 1 && down === 2) downOnly(plane, y, row);
  else repeated(plane, y, row);
}

function repeated({ samples, stride, across, down }: Plane, y: number, row: Uint8Array): void {
  const start = Math.floor(y / down) * stride;
  if (across === 1) row.set(samples.subarray(start, start + row.length));
  else for (let x = 0; x < row.length; x++) row[x] = samples[start + Math.floor(x / across)] as number;
}

function acrossOnly({ samples, stride, width }: Plane, y: number, row: Uint8Array): void {
  const start = y * stride;
  for (let i = 0; i < width; i++) {
    const here = samples[start + i] as number;
    const left = i > 0 ? (samples[start + i - 1] as number) + 1 : here;
    const right = i < width - 1 ? (samples[start + i + 1] as number) + 2 : here;
    row[2 * i] = (3 * here + left) >> 2;
    row[2 * i + 1] = (3 * here + right) >> 2;
  }
}

function downOnly(plane: Plane, y: number, row: Uint8Array): void {
  const [near, far] = nearAndFar(plane, y);
  const round = 1 + (y & 1);
  for (let x = 0; x < row.length; x++) {
    row[x] = (3 * (plane.samples[near + x] as number) + (plane.samples[far + x] as number) + round) >> 2;
  }
}

function bothWays(plane: Plane, y: number, row: Uint8Array): void {
  const { samples, width } = plane;
  const [near, far] = nearAndFar(plane, y);
  const sum = (i: number) => 3 * (samples[near + i] as number) + (samples[far + i] as number);
  for (let i = 0, left = sum(0), here = left; i < width; i++) {
    const right = i < width - 1 ? sum(i + 1) : here;
    row[2 * i] = (3 * here + left + 8) >> 4;
    row[2 * i + 1] = (3 * here + right + 7) >> 4;
    left = here;
    here = right;
  }
}

/** Where the two nearest rows of samples begin. Outside the image the first and the last row repeat. */
function nearAndFar({ stride, height }: Plane, y: number): readonly [near: number, far: number] {
  const near = y >> 1;
  const far = near + (y & 1 ? 1 : -1);
  return [near * stride, Math.min(Math.max(far, 0), height - 1) * stride];
}
