import { type RawImage, toImageData } from '@glow-onnx/runtime';

/** The number of colour values in which two images of one size differ. */
export function differing(a: RawImage, b: RawImage): number {
  return a.data.reduce((count, value, i) => count + Number(value !== b.data[i]), 0);
}

/** The result of a comparison in words: "0 of 3072 values differ". */
export const differingText = (a: RawImage, b: RawImage) =>
  `${differing(a, b)} of ${a.data.length} values differ`;

/** Keeps a share of the pixels, evenly spread (Roberts' R₂), and makes the others transparent. */
export function dissolved(image: RawImage, share: number): RawImage {
  return withoutPixels(image, (x, y) => (0.7548776662 * x + 0.569840291 * y) % 1 >= share);
}

/** Makes pixels transparent. */
export function withoutPixels(image: RawImage, isGone: (x: number, y: number) => boolean): RawImage {
  const { width, height } = image;
  const data = new Uint8Array(toImageData(image).data);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (isGone(pixel % width, Math.floor(pixel / width))) data[pixel * 4 + 3] = 0;
  }
  return { data, width, height, channels: 4 };
}

/** Draws the largest difference of each pixel: 0 is dark, 32 of 255 or more is yellow. */
export function errorMap(a: RawImage, b: RawImage): RawImage {
  const { width, height, channels } = a;
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    let error = 0;
    for (let i = pixel * channels; i < (pixel + 1) * channels; i++) {
      error = Math.max(error, Math.abs((a.data[i] as number) - (b.data[i] as number)));
    }
    const heat = Math.min(error / 32, 1);
    data.set([35 + 220 * heat, 25 + 185 * heat ** 2, 66 - 3 * heat], pixel * 3);
  }
  return { data, width, height, channels: 3 };
}
