import { createRandom, type RawImage, type SampleOptions } from '@glow-onnx/runtime';
import type { App } from '../app.js';

export interface NamedPicture {
  readonly name: string;
  readonly image: RawImage;
}

/** Steel blue; grey if there is one channel. The fourth value is opaque. */
const oneColour = [70, 130, 180, 255];

/** Makes images from an image that do not resemble it any more, or only partly. Two are samples of the model. */
export async function makeStrangers({ run }: Pick<App, 'run'>, image: RawImage): Promise<NamedPicture[]> {
  const { width, height, channels } = image;
  const random = createRandom(1);
  const sample = (options: SampleOptions) => run(1, (model) => model.sample(options));
  const [bland] = await sample({ temperature: 0.3, seed: 2 });
  const [wild] = await sample({ temperature: 1, seed: 2 });
  return [
    { name: 'Mirrored', image: moved(image, (x, y) => [width - 1 - x, y]) },
    { name: 'Upside down', image: moved(image, (x, y) => [x, height - 1 - y]) },
    { name: 'Faded', image: { ...image, data: image.data.map((value) => 64 + value / 2) } },
    { name: 'Inverted', image: { ...image, data: image.data.map((value) => 255 - value) } },
    { name: 'Scrambled', image: moved(image, scramble(width, height)) },
    {
      name: 'One colour',
      image: { ...image, data: image.data.map((_, i) => oneColour[i % channels] as number) },
    },
    { name: 'Noise', image: { ...image, data: image.data.map(() => random.below(256)) } },
    { name: 'Sample, temperature 1', image: wild as RawImage },
    { name: 'Sample, temperature 0.3', image: bland as RawImage },
  ];
}

/** Takes each pixel of the image from another place. */
function moved(image: RawImage, placeOf: (x: number, y: number) => readonly [number, number]): RawImage {
  const { width, channels, data } = image;
  const pixelAt = (pixel: number) => {
    const [x, y] = placeOf(pixel % width, Math.floor(pixel / width));
    return (y * width + x) * channels;
  };
  return {
    ...image,
    data: data.map((_, i) => data[pixelAt(Math.floor(i / channels)) + (i % channels)] as number),
  };
}

/** Puts the patches of the image in another order. */
function scramble(width: number, height: number): (x: number, y: number) => readonly [number, number] {
  const side = width % 4 === 0 && height % 4 === 0 ? 4 : 2;
  const [columns, rows] = [width / side, height / side];
  const count = columns * rows;
  let stride = 7;
  while (commonFactor(stride, count) > 1) stride++; // else some patches would come twice
  return (x, y) => {
    const place = Math.floor(y / side) * columns + Math.floor(x / side);
    const from = (place * stride + 3) % count;
    return [(from % columns) * side + (x % side), Math.floor(from / columns) * side + (y % side)];
  };
}

const commonFactor = (a: number, b: number): number => (b === 0 ? a : commonFactor(b, a % b));
