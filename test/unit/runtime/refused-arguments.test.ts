import type { Latents, RawImage } from '@glow-onnx/runtime';
import { config, images, noise } from '../../support/noise-images.js';
import { modelOf } from './oracle-model.js';

describe('errors', () => {
  const model = modelOf(config);
  const good = images[0] as RawImage;
  const never = 0 as never;

  test.each<[string, () => Promise<unknown>, string]>([
    [
      'a size that cannot pass',
      () => model.encode(noise(0, 6, 8), { fit: 'none' }),
      'encode: image 6×8 cannot pass 2 levels: height must be divisible by 4; pass fit: "cover", "resize", "crop" or "pad"',
    ],
    [
      'one of several images',
      () => model.encode([good, noise(0, 8, 6)], { fit: 'none' }),
      'encode: 1 of 2 images failed: images[1]: image 8×6 cannot',
    ],
    ['a missing file', () => model.encode('no/such.png'), 'encode: no/such.png: the image cannot be read: '],
    [
      'bytes that are no picture',
      () => model.encode(Uint8Array.of(1, 2)),
      'encode: the image cannot be read: ',
    ],
    ['no image', () => model.encode(7 as never), 'cannot be read: expected pixels ({ data: Uint8Array'],
    [
      'a label without classes',
      () => model.encode(good, { label: 1 }),
      'encode: label: this model has no classes',
    ],
    [
      'no draws',
      () => model.bitsPerDim(good, { draws: 0 }),
      'bitsPerDim: draws must be an integer from 1 on, got 0',
    ],
    [
      'an unknown bound',
      () => model.score(good, { bound: 'elbo' as 'mean' }),
      'score: bound must be "mean" or "importance", got "elbo"',
    ],
    ['a bad seed', () => model.bitsPerDim(good, { seed: -1 }), 'seed must be an integer from 0'],
    [
      'a bad count',
      () => model.sample({ count: 1.5 }),
      'sample: count must be an integer from 0 on, got 1.5',
    ],
    [
      'more images than memory should hold',
      () => model.sample({ count: 5_592_406 }),
      'sample: count: 5592406 images of 8×8 are more than 1 GiB; draw at most 5592405 at once',
    ],
    [
      'an image larger than that',
      () => model.sample({ height: 2 ** 15, width: 2 ** 15 }),
      'sample: count: 1 images of 32768×32768 are more than 1 GiB; pass a smaller height and width',
    ],
    [
      'a temperature for some levels',
      () => model.sample({ temperature: [1] }),
      'sample: temperature must be one number or 2 numbers, one for each level, got [1]',
    ],
    [
      'a level that is none',
      () => model.mix(good, good, [2]),
      'mix: levels must be integers from 0, the finest, to 1',
    ],
    [
      'a level that is none to interpolate',
      () => model.interpolate(good, good, { levels: [-1] }),
      'interpolate: levels must be integers from 0, the finest, to 1, got -1',
    ],
    [
      'a picture to decode',
      () => model.decode(good as never),
      'decode: expected latents with 2 levels, got an object { data, height, width, channels }; pass the z that',
    ],
    ['latents to encode', () => model.encode({ levels: [] } as never), 'cannot be read: expected pixels ('],
    ['a temperature below zero', () => model.sample({ temperature: -1 }), 'sample: temperature must be'],
    [
      'a temperature that is NaN',
      () => model.sample({ temperature: Number.NaN }),
      'sample: temperature must be',
    ],
    [
      'a height that cannot be',
      () => model.sample({ height: 6 }),
      'sample: height must be divisible by 4, got 6',
    ],
    [
      'a height of zero',
      () => model.sample({ height: 0 }),
      'sample: height must be an integer from 1 on, got 0',
    ],
    ['latents that are none', () => model.decode([never]), 'decode: expected latents with 2 levels, got 0'],
    [
      'one step',
      () => model.interpolate(good, good, { steps: 1 }),
      'interpolate: steps must be an integer from 2 on',
    ],
    [
      'an unknown path',
      () => model.interpolate(good, good, { mode: 'x' as never }),
      'interpolate: mode must be',
    ],
    [
      'latents of two sizes to interpolate',
      async () => {
        const { z } = await model.encode([good, noise(0, 4, 8)], { fit: 'none' });
        return model.interpolate(z[0] as Latents, z[1] as Latents);
      },
      'interpolate: b: latents of an image of 4×8, expected 8×8 as of a; encode their images at one size',
    ],
    ['a bad end', () => model.interpolate(good, 'no/such.png'), 'interpolate: no/such.png: the image cannot'],
  ])('%s is refused, and the model goes on', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
    expect((await model.encode(good)).z).toHaveLength(1);
  });
});
