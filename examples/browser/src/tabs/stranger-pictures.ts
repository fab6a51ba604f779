import { createRandom, type RawImage, type SampleOptions } from '@glow-onnx/runtime';
import type { App } from '../app.js';

export interface NamedPicture {
  readonly name: string;
  readonly image: RawImage;
}

/** Makes images from a face that are not faces any more, or changed faces. Two are samples of the model. */
export async function makeStrangers({ run }: Pick<App, 'run'>, face: RawImage): Promise<NamedPicture[]> {
  const { width, height } = face;
  const random = createRandom(1);
  const sample = (options: SampleOptions) => run(1, (model) => model.sample(options));
  const [bland] = await sample({ temperature: 0.3, seed: 2 });
  const [wild] = await sample({ temperature: 1, seed: 2 });
  return [
    { name: 'Mirrored', image: moved(face, (x, y) => [width - 1 - x, y]) },
    { name: 'Upside down', image: moved(face, (x, y) => [x, height - 1 - y]) },
    { name: 'Faded', image: { ...face, data: face.data.map((value) => 64 + value / 2) } },
    { name: 'Inverted', image: { ...face, data: face.data.map((value) => 255 - value) } },
    { name: 'Scrambled', image: moved(face, scramble(width, height)) },
    {
      name: 'One colour',
      image: { ...face, data: face.data.map((_, i) => [70, 130, 180][i % 3] as number) },
    },
    { name: 'Noise', image: { ...face, data: face.data.map(() => random.below(256)) } },
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

/** Puts the 4×4 patches in another order. 7 and the number of patches have no common factor. */
function scramble(width: number, height: number): (x: number, y: number) => readonly [number, number] {
  const [columns, rows] = [width / 4, height / 4];
  return (x, y) => {
    const patch = ((y >> 2) * columns + (x >> 2)) * 7 + 3;
    return [((patch % columns) << 2) + (x & 3), ((Math.floor(patch / columns) % rows) << 2) + (y & 3)];
  };
}
