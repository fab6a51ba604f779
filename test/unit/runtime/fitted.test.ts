import type { FitOptions, GlowModel, ImageInput, Latents, RawImage } from '@glow-onnx/runtime';
import { encodePng } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { bins, config, noise } from '../../support/noise-images.js';
import { modelOf } from './oracle-model.js';

/** A model of 8×8 pixels, two levels. */
const model = modelOf(config);
const asTheyAre = { fit: 'none' } as const;
const good = noise(0);
const photo = noise(1, 30, 45);
const by = (from: RawImage, to: [number, number], way = 'cover') => ({
  from: { height: from.height, width: from.width },
  to: { height: to[0], width: to[1] },
  by: way,
});
const covered = by(photo, [8, 8]);

describe('an image of another size than the training images', () => {
  test('is brought to it, of whatever kind it is, and every kind is the same to the model', async () => {
    const png = await encodePng(photo);
    const raw = { raw: { width: photo.width, height: photo.height, channels: 3 } } as const;
    const kinds: ImageInput[] = [
      photo,
      png,
      new Blob([png as Uint8Array<ArrayBuffer>]),
      sharp(photo.data, raw),
    ];
    const { z, logProb, fitted } = await model.encode(kinds);
    expect(z[0]?.levels[0]?.shape).toEqual([6, 4, 4]);
    expect(new Set(logProb).size).toBe(1);
    expect(fitted).toEqual(kinds.map(() => covered));
  });

  test('is covered also if the model could take its size', async () => {
    expect((await model.encode(noise(2, 64, 16))).fitted).toEqual([by(noise(2, 64, 16), [8, 8])]);
  });

  test('is told in the result of every method that has one result for each image', async () => {
    const direction = (await model.encode(good)).z[0] as Latents;
    const results = {
      prepare: await model.prepare([good, photo]),
      reconstruct: await model.reconstruct([good, photo]),
      applyAttribute: await model.applyAttribute([good, photo], direction, 0),
      score: await model.score([good, photo], { draws: 1 }),
    };
    for (const [method, [first, second]] of Object.entries(results)) {
      expect([method, first && 'fitted' in first, second?.fitted]).toEqual([method, false, covered]);
    }
    expect(bins(results.reconstruct)).toEqual(bins(results.prepare));
  });

  test('keeps its size with fit "none", and is a clear error if the levels do not divide it', async () => {
    const tall = noise(2, 64, 16);
    const { z, fitted } = await model.encode(tall, asTheyAre);
    expect([z[0]?.levels[0]?.shape, fitted]).toEqual([[6, 32, 8], [undefined]]);
    await expect(model.encode(photo, asTheyAre)).rejects.toThrow(
      new RangeError(
        'encode: image 30×45 cannot pass 2 levels: height and width must be divisible by 4; ' +
          'pass fit: "cover", "resize", "crop" or "pad"',
      ),
    );
  });
});

describe('onFit', () => {
  const tellings: [string, (options: FitOptions, model: GlowModel) => Promise<unknown>, number[]][] = [
    ['prepare', (options) => model.prepare([good, photo], options), [1]],
    ['encode', (options) => model.encode([good, photo], options), [1]],
    ['reconstruct', (options) => model.reconstruct(photo, options), [0]],
    ['bitsPerDim', (options) => model.bitsPerDim([photo, good], { draws: 3, ...options }), [0]],
    ['score', (options) => model.score([photo, photo], { draws: 3, ...options }), [0, 1]],
    ['interpolate', (options) => model.interpolate(good, photo, options), [1]],
    ['mix', (options) => model.mix(photo, photo, [0], options), [0, 1]],
    ['attributeDirection', (options) => model.attributeDirection([good, photo], [photo], options), [1, 2]],
    [
      'applyAttribute',
      async (options) => {
        const { z } = await model.encode(good);
        return model.applyAttribute([photo, z[0] as Latents], z[0] as Latents, 1, options);
      },
      [0],
    ],
  ];
  test.each(tellings)('tells of each image that %s brings to another size, once', async (_, call, images) => {
    const told: unknown[] = [];
    await call({ onFit: (fitted) => told.push(fitted) }, model);
    expect(told).toEqual(images.map((image) => ({ image, ...covered })));
  });

  test('ends the call with its error', async () => {
    const onFit = () => {
      throw new Error('mine');
    };
    await expect(model.encode([good, photo], { onFit })).rejects.toThrow(new Error('mine'));
  });
});

describe('images that are combined get one size', () => {
  const wide = noise(3, 9, 21);
  const small = noise(4, 4, 12);
  const told = async (call: (options: FitOptions) => Promise<unknown>, fit?: FitOptions['fit']) => {
    const seen: unknown[] = [];
    await call({ ...(fit && { fit }), onFit: (fitted) => seen.push(fitted) });
    return seen;
  };

  test.each([
    ['cover', [8, 8], 'cover'],
    ['resize', [8, 20], 'resize'],
    ['crop', [8, 20], 'crop'],
    ['pad', [12, 24], 'pad'],
  ] as const)('with fit "%s": interpolate and mix bring b to the size of a', async (fit, size, way) => {
    const expected = [
      { image: 0, ...by(wide, [...size], way) },
      { image: 1, ...by(small, [...size]) },
    ];
    expect(await told((options) => model.interpolate(wide, small, options), fit)).toEqual(expected);
    expect(await told((options) => model.mix(wide, small, [1], options), fit)).toEqual(expected);
  });

  test('with fit "none": b comes to the size of a, also if the levels do not divide its own', async () => {
    const way = await model.interpolate(small, photo, { steps: 2, ...asTheyAre });
    expect(way.map(({ height, width }) => [height, width])).toEqual(Array(2).fill([4, 12]));
    expect(bins(way.slice(0, 1))).toEqual(bins([small]));
    await expect(model.interpolate(photo, small, asTheyAre)).rejects.toThrow('interpolate: a: image 30×45');
  });

  test('an image comes to the size of latents, whichever of the two is latents', async () => {
    const { z } = await model.encode(small, asTheyAre);
    const latents = z[0] as Latents;
    expect(await model.mix(latents, photo, [])).toMatchObject({ height: 4, width: 12 });
    const way = await model.interpolate(photo, latents, { steps: 2 });
    expect(bins(way.slice(1))).toEqual(bins([small]));
    const direction = await model.attributeDirection([photo, good], latents);
    expect(direction.levels[0]?.shape).toEqual([6, 2, 6]);
    expect(await model.applyAttribute(photo, direction, 1)).toMatchObject([
      { height: 4, width: 12, fitted: by(photo, [4, 12]) },
    ]);
  });

  test('all images of a direction come to the size of the first that can be read', async () => {
    const call = (options: FitOptions) => model.attributeDirection([small, photo], [wide], options);
    expect(await told(call, 'none')).toEqual([
      { image: 1, ...by(photo, [4, 12]) },
      { image: 2, ...by(wide, [4, 12]) },
    ]);
  });

  test('latents of two sizes are an error that names both', async () => {
    const { z } = await model.encode([good, small], asTheyAre);
    await expect(model.attributeDirection([photo, z[0] as Latents], z[1] as Latents)).rejects.toThrow(
      'without[0]: latents of an image of 4×12, expected 8×8 as of withIt[1]; encode their images at one size',
    );
  });
});

test('the score of an image is the same at every place in a call', async () => {
  const [alone] = await model.score(photo, { draws: 2, seed: 5 });
  const beside = await model.score([good, noise(7), photo], { draws: 2, seed: 5 });
  expect(beside[2]).toEqual(alone);
  const [prepared] = await model.prepare(photo);
  expect(await model.bitsPerDim(prepared as RawImage, { draws: 2, seed: 5 })).toEqual([alone?.bitsPerDim]);
  const [other] = await model.score(photo, { draws: 2, seed: 6 });
  expect(other?.bitsPerDim).not.toBe(alone?.bitsPerDim);
});
