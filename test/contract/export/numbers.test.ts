import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportModel, verifyFolder } from '@glow-onnx/exporter';
import { createGlow, createRandom } from '@glow-onnx/flow';
import { type FloatImage, type GlowModel, loadGlow } from '@glow-onnx/runtime/node';
import { parseGolden } from '@glow-onnx/runtime/session';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { relativeError } from '../../support/numeric.js';
import { randomParams, randomTensor } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** Features of five channels, which are not square. */
const config = tinyConfig({ bits: 0, channels: 5, width: 12 });
/** Float32 rounding through two levels of two steps, there and back, as a share of the largest number. */
const FLOAT32 = 4e-5;

let fixture: ModelFixture;
let model: GlowModel;
const random = createRandom(41);
/** Numbers far outside the range of pixels. */
const x = randomTensor([3, 5, 8, 12], random, 2);
const size = 5 * 8 * 12;
const items = Array.from(
  { length: 3 },
  (_, i): FloatImage => ({
    shape: [5, 8, 12],
    data: Float32Array.from(x.data.subarray(i * size, (i + 1) * size)),
  }),
);
x.data.set(items.flatMap(({ data }) => [...data]));

beforeAll(async () => {
  fixture = await writeModelFixture(config, 43);
  model = await loadGlow(fixture.directory);
});
afterAll(async () => {
  await model.dispose();
  await fixture.remove();
});

describe('a model of numbers', () => {
  test('gives the latents and log p(x) of float64, and the numbers back', async () => {
    const expected = fixture.oracle.encode(x);
    const { z, logProb } = await model.encode(items);
    for (const [level, { data }] of expected.latents.entries()) {
      const got = z.flatMap(({ levels }) => [...(levels[level]?.data ?? [])]);
      expect(relativeError(got, data)).toBeLessThan(FLOAT32);
    }
    expect(relativeError(logProb, expected.logProb.data)).toBeLessThan(FLOAT32);
    const back = await model.decodeFloats(z);
    expect(back.map(({ shape }) => shape)).toEqual(items.map(({ shape }) => shape));
    for (const [i, { data }] of back.entries())
      expect(relativeError(data, items[i].data)).toBeLessThan(FLOAT32);
  });

  test('draws what float64 decodes from the same latents', async () => {
    const drawn = await model.sampleFloats({ count: 2, temperature: 0.8, seed: 5 });
    const again = await model.encode(drawn);
    const expected = fixture.oracle.decode(
      [0, 1].map((level) => {
        const levels = again.z.map((latents) => latents.levels[level]);
        return {
          shape: [2, ...levels[0].shape],
          data: Float64Array.from(levels.flatMap(({ data }) => [...data])),
        };
      }),
    );
    expect(
      relativeError(
        drawn.flatMap(({ data }) => [...data]),
        expected.data,
      ),
    ).toBeLessThan(FLOAT32);
    expect(Math.max(...drawn[0].data)).toBeGreaterThan(0.5); // no pixels
    const [first] = await model.sampleFloats({ temperature: 0.8, seed: 5 });
    expect(first).toEqual(drawn[0]);
  });

  test('scores by its density: bits/dim are −log₂ p by the number of values', async () => {
    const { logProb } = await model.encode(items);
    const scores = await model.score(items);
    expect(scores).toEqual(
      logProb.map((nats) => ({
        bitsPerDim: -nats / (size * Math.LN2),
        ...{ percentile: null, typicality: null, complexity: null, excess: null },
      })),
    );
    expect(await model.bitsPerDim(items)).toEqual(scores.map(({ bitsPerDim }) => bitsPerDim));
  });

  test('has gradients', async () => {
    const [one] = items;
    const { gradient } = await model.logProbGradient(one);
    const step = 1e-4;
    const at = (sign: number) => {
      const moved = { ...x, shape: [1, 5, 8, 12], data: Float64Array.from(one.data) };
      moved.data[17] += sign * step;
      return fixture.oracle.encode(moved).logProb.data[0];
    };
    const slope = (at(1) - at(-1)) / (2 * step);
    expect(Math.abs(gradient[0].data[17] / slope - 1)).toBeLessThan(1e-4);
    const { z } = await model.encode(one);
    const pulled = await model.decodeGradient(z, one);
    expect(relativeError(pulled.x[0].data, one.data)).toBeLessThan(FLOAT32);
  });

  const png = new Uint8Array(8);
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'decode',
      () => model.encode(items[0]).then(({ z }) => model.decode(z)),
      /decode: this model has numbers, not pixels; call decodeFloats/,
    ],
    ['sample', () => model.sample(), /sample: this model has numbers, not pixels; call sampleFloats/],
    ['prepare', () => model.prepare(png), /prepare: this model has numbers.* encode takes numbers/],
    ['reconstruct', () => model.reconstruct(png), /reconstruct: .* call encode and decodeFloats/],
    ['inpaint', () => model.inpaint(png, png), /inpaint: .* restoration needs pictures/],
    [
      'encode of a picture',
      () => model.encode(png),
      /encode: this model takes numbers, not pictures; .*shape: \[5, height, width\]/,
    ],
    ['score of a picture', () => model.score(png), /score: this model takes numbers, not pictures/],
    [
      'score with draws',
      () => model.score(items, { draws: 4 }),
      /score: draws: this model takes numbers, .* leave draws out/,
    ],
    [
      'bitsPerDim with a seed',
      () => model.bitsPerDim(items, { seed: 4 }),
      /bitsPerDim: seed: this model takes numbers/,
    ],
    [
      'numbers of other channels',
      () => model.encode({ shape: [4, 8, 12], data: new Float32Array(384) }),
      /expected the shape \[5, height, width\], both divisible by 4, got \[4,8,12\]/,
    ],
    [
      'a number that is not finite',
      () => model.score({ shape: [5, 8, 12], data: new Float32Array(480).fill(Number.NaN) }),
      /score: data holds NaN at 0; it must be finite/,
    ],
  ])('refuses %s, and says what to do', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});

describe('the folder of a model of numbers', () => {
  test('has golden numbers, and states that x is the numbers themselves', () => {
    const { preprocessing } = model.manifest;
    expect(preprocessing).toMatchObject({
      bits: 0,
      colour: 'unnamed',
      formula: 'x = v',
      range: null,
      multipleOf: 4,
    });
    const golden = parseGolden(readFileSync(join(fixture.directory, 'golden.safetensors')));
    expect(golden.x?.shape).toEqual([2, 5, 8, 12]);
    expect(Math.max(...(golden.x?.data ?? []))).toBeGreaterThan(0.5);
    const card = readFileSync(join(fixture.directory, 'README.md'), 'utf8');
    expect(card).toContain('| feature maps | 5×8×12, numbers;');
    expect(card).toContain('bits/dim are those of a probability density');
    expect(card).not.toContain('pixels');
  });

  test('passes its own check, on errors relative to the size of its numbers', async () => {
    const { ok, measured } = await verifyFolder(fixture.directory);
    expect(ok).toBe(true);
    expect(measured.map(({ claim }) => claim)).toContain('decode(encode(x)): error of x over the largest x');
  });

  test('is as exact for numbers in the millionths', async () => {
    const glow = createGlow(config);
    const params = randomParams(glow, 43);
    const { data } = params.trainable['levels.0.steps.0.actnorm.logScale'];
    data.forEach((value, i) => {
      data[i] = value + Math.log(1e6);
    });
    const small = await writeModelFixture(config, 43);
    try {
      const { measured } = await exportModel(
        { config, params, initialised: true },
        { out: small.directory, force: true },
      );
      const error = measured.find(({ claim }) => claim.startsWith('decode against'));
      expect(error?.value).toBeLessThan(1e-4);
      expect(error?.value).toBeGreaterThan(1e-9);
    } finally {
      await small.remove();
    }
  });

  test('takes no pictures for its golden values', async () => {
    const out = { out: join(fixture.directory, '../other'), images: ['a.png'] };
    const params = randomParams(createGlow(config), 43);
    await expect(exportModel({ config, params, initialised: true }, out)).rejects.toThrow(
      'images: this model takes numbers, but pictures were given; leave images out',
    );
  });
});
