import type { RawImage } from '@glow-onnx/runtime';

/** The number of colour values in which two images of one size differ. */
export function differing(a: RawImage, b: RawImage): number {
  return a.data.reduce((count, value, i) => count + Number(value !== b.data[i]), 0);
}

/** Keeps a share of the pixels, evenly spread (Roberts' R₂), and makes the others transparent. */
export function dissolved(image: RawImage, share: number): RawImage {
  const data = Uint8Array.from({ length: image.width * image.height * 4 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 4), i % 4];
    if (channel < 3) return image.data[pixel * image.channels + channel] as number;
    const [x, y] = [pixel % image.width, Math.floor(pixel / image.width)];
    const there = (0.7548776662 * x + 0.569840291 * y) % 1 < share;
    return there ? (image.channels === 4 ? (image.data[i] as number) : 255) : 0;
  });
  return { data, width: image.width, height: image.height, channels: 4 };
}

/** Draws the largest colour difference of each pixel: 0 is dark, 32 of 255 or more is yellow. */
export function errorMap(a: RawImage, b: RawImage): RawImage {
  const pixels = a.width * a.height;
  const data = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const of = (image: RawImage, channel: number) => image.data[pixel * image.channels + channel] as number;
    const error = Math.max(...[0, 1, 2].map((channel) => Math.abs(of(a, channel) - of(b, channel))));
    const heat = Math.min(error / 32, 1);
    data.set([35 + 220 * heat, 25 + 185 * heat ** 2, 66 - 3 * heat], pixel * 3);
  }
  return { data, width: a.width, height: a.height, channels: 3 };
}
