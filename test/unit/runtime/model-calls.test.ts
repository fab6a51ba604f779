import { createRandom, tensor } from '@glow-onnx/flow';
import { encodePng, type Latents, type RawImage, restoreRandom } from '@glow-onnx/runtime';
import { toModel } from '../../../packages/runtime/src/pictures/images.js';
import { drawsOf } from '../../support/draws.js';
import { bins, config, images, noise } from '../../support/noise-images.js';
import { createOracle } from '../../support/oracle.js';
import { modelOf, oracleSeed } from './oracle-model.js';

const oracle = createOracle(config, oracleSeed);
const asTheyAre = { fit: 'none' } as const;

describe('a model', () => {
  const model = modelOf(config);

  test('encodes to latents that decode to the same pixels, sizes mixed', async () => {
    const { z, logProb } = await model.encode(images, asTheyAre);
    expect(z[1]?.levels.map(({ shape }) => shape)).toEqual([
      [6, 2, 6],
      [24, 1, 3],
    ]);
    expect(logProb).toHaveLength(5);
    expect(bins(await model.decode(z))).toEqual(bins(images));
    expect(bins(await model.reconstruct(images, asTheyAre))).toEqual(bins(images));
  });

  test('prepares pictures as encode sees them: channels, size and bits', async () => {
    const [rgb, grey] = [noise(0), noise(6, 9, 10, 1)];
    const fiveBits = (value: number) => Math.round(((value >> 3) * 255) / 31);
    const [first, second] = await model.prepare([rgb, grey], { fit: 'crop' });
    expect(first).toEqual({ ...rgb, data: rgb.data.map(fiveBits) });
    expect(second).toMatchObject({ height: 8, width: 8, channels: 3 });
    const corner = fiveBits(grey.data[1] as number);
    expect([...(second as RawImage).data.slice(0, 3)]).toEqual([corner, corner, corner]);
    expect(bins(await model.reconstruct([rgb, second as RawImage]))).toEqual(bins([rgb, second as RawImage]));
  });

  test('takes one image or latents where it takes many, and gives a list all the same', async () => {
    const { z, logProb } = await model.encode(images[0] as RawImage);
    expect([z.length, logProb.length]).toEqual([1, 1]);
    expect(bins(await model.decode(z[0] as Latents))).toEqual(bins([images[0] as RawImage]));
    expect(await model.encode([])).toEqual({ z: [], logProb: [], fitted: [] });
    expect(await model.sample({ count: 0 })).toEqual([]);
  });

  test('gives the same whatever the batch size', async () => {
    const results = await Promise.all(
      [1, 2, 64].map(async (batchSize) => {
        const other = modelOf(config, { batchSize });
        return {
          encoded: await other.encode(images, asTheyAre),
          scores: await other.bitsPerDim(images, { draws: 3, seed: 2, ...asTheyAre }),
          samples: await other.sample({ count: 5, seed: 9, temperature: 0.8 }),
        };
      }),
    );
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test('takes pictures of any channels, as pixels or encoded, at the same time', async () => {
    const grey = noise(6, 8, 8, 1);
    const times = (channels: number, last: number) => ({
      ...grey,
      channels,
      data: Uint8Array.from([...grey.data].flatMap((v) => [v, v, v, last].slice(0, channels))),
    });
    const { logProb } = await model.encode([grey, times(3, 0), times(4, 255), await encodePng(grey)]);
    expect(logProb).toEqual(Array(4).fill(logProb[0]));
  });

  test('bitsPerDim averages the densities of seeded draws, image by image', async () => {
    const two = [images[0], images[2]] as RawImage[];
    const draws = 4;
    const expected = two.map((image) => {
      const nextU = drawsOf(image, 5, 11);
      const scores = Array.from({ length: draws }, () => {
        const { x } = toModel(image, 5, nextU);
        const logProb = oracle.encode(tensor([1, 3, 8, 8], x)).logProb.data[0] as number;
        return -(logProb - x.length * 5 * Math.LN2) / (x.length * Math.LN2);
      });
      return scores.reduce((a, b) => a + b) / draws;
    });
    const got = await model.bitsPerDim(two, { draws, seed: 11 });
    expect(got[0]).toBeCloseTo(expected[0] as number, 5);
    expect(got[1]).toBeCloseTo(expected[1] as number, 5);
    expect(await model.bitsPerDim(two, { draws, seed: 12 })).not.toEqual(got);
  });

  test('sample decodes seeded normals times the temperature, at any size', async () => {
    const samples = await model.sample({ count: 3, seed: 4, temperature: 0.5, height: 4, width: 8 });
    expect(samples.map(({ height, width, channels }) => [height, width, channels])).toEqual(
      Array(3).fill([4, 8, 3]),
    );
    const random = createRandom(4, 1);
    const draw = (...shape: number[]) => {
      const size = shape.reduce((a, b) => a * b);
      return tensor(
        [1, ...shape],
        Float32Array.from({ length: size }, () => 0.5 * random.normal()),
      );
    };
    const x = oracle.decode([draw(6, 2, 4), draw(24, 1, 2)]).data;
    const expected = Array.from(x, (value) => Math.min(Math.max(Math.floor((value + 0.5) * 32), 0), 31));
    const planar = Array.from(
      { length: 96 },
      (_, i) => (samples[1] as RawImage).data[(i % 32) * 3 + Math.floor(i / 32)],
    );
    expect(planar.map((p) => (p as number) >> 3)).toEqual(expected);
    expect((await model.sample({ seed: 4 }))[0]).toMatchObject({ height: 8, width: 8 });
  });

  test('sample takes a temperature per level, finest first', async () => {
    const same = await model.sample({ count: 2, seed: 4, temperature: [0.5, 0.5] });
    expect(same).toEqual(await model.sample({ count: 2, seed: 4, temperature: 0.5 }));
    const random = createRandom(4, 0);
    const draw = (temperature: number, ...shape: number[]) => {
      const length = shape.reduce((a, b) => a * b);
      return { shape, data: Float32Array.from({ length }, () => temperature * random.normal()) };
    };
    const levels = [draw(0, 6, 4, 4), draw(0.9, 24, 2, 2)] as never;
    expect(await model.sample({ seed: 4, temperature: [0, 0.9] })).toEqual(await model.decode({ levels }));
  });

  test('a generator kept as JSON goes on with the same pictures', async () => {
    const random = createRandom(5);
    const seeds = [random.uint32(), random.uint32()];
    const [first, second] = [createRandom(5), JSON.parse(JSON.stringify(createRandom(5).state()))];
    const before = await model.sample({ seed: first.uint32() });
    const later = restoreRandom(second);
    expect([later.uint32(), later.uint32()]).toEqual(seeds);
    expect(await model.sample({ seed: seeds[0] as number })).toEqual(before);
  });

  test('what it gives, it takes again', async () => {
    const samples = await model.sample({ count: 2, seed: 1 });
    expect(await model.reconstruct(samples)).toEqual(samples);
  });

  test('interpolate goes from the first picture to the last, or between latents', async () => {
    const [a, b] = [images[0], images[2]] as [RawImage, RawImage];
    const path = await model.interpolate(a, b, { steps: 4 });
    expect(path).toHaveLength(4);
    expect(bins([path[0], path[3]] as RawImage[])).toEqual(bins([a, b]));
    const { z } = await model.encode([a, b]);
    expect(await model.interpolate(z[0] as Latents, z[1] as Latents, { steps: 4 })).toEqual(path);
    const arc = await model.interpolate(a, b, { steps: 4, mode: 'spherical' });
    expect(arc[0]).toEqual(path[0]);
    expect(arc[1]).not.toEqual(path[1]);
  });

  test('fit lets it take sizes that do not divide', async () => {
    const odd = noise(8, 7, 9);
    const sizes = async (fit: 'crop' | 'pad' | 'resize') => (await model.reconstruct(odd, { fit }))[0];
    expect(await sizes('crop')).toMatchObject({ height: 4, width: 8 });
    expect(await sizes('pad')).toMatchObject({ height: 8, width: 12 });
    expect(await sizes('resize')).toMatchObject({ height: 8, width: 8 });
  });
});

test('calls at once give what they give one after another', async () => {
  const model = modelOf(config, { batchSize: 2 });
  const calls = [
    () => model.encode(images, asTheyAre),
    () => model.sample({ count: 5, seed: 3 }),
    () => model.bitsPerDim(images, { draws: 2, ...asTheyAre }),
    () => model.reconstruct([...images].reverse(), asTheyAre),
    () => model.encode(noise(0, 6, 8), asTheyAre).catch((error: Error) => error.message),
  ];
  const alone: unknown[] = [];
  for (const call of calls) alone.push(await call());
  expect(await Promise.all(calls.map((call) => call()))).toEqual(alone);
});
