import { resolve } from 'node:path';
import { createRandom } from '@glow-onnx/flow/random';
import {
  type FloatImage,
  type GlowModel,
  type Latents,
  loadGlow,
  type RawImage,
} from '@glow-onnx/runtime/node';
import { checkDerivative } from '../../../packages/runtime/src/gradients/check-derivative.js';
import type { DerivativeRuns } from '../../../packages/runtime/src/sessions/open-graphs.js';
import { relativeError } from '../../support/numeric.js';

/** The public calls, on a real model. */
const folder = resolve(__dirname, '../../../models/pixel-faces');

let glow: GlowModel;
let images: RawImage[];
let z: Latents[];
beforeAll(async () => {
  glow = await loadGlow(folder, { device: 'cpu' });
  images = await glow.sample({ count: 3, temperature: 0.7, seed: 1 });
  ({ z } = await glow.encode(images));
}, 60_000);
afterAll(() => glow.dispose());

/** x of an image at the centres of its bins. */
function floatsOf({ data, height, width, channels }: RawImage, bits: number): FloatImage {
  const x = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height * width; i++) {
      const bin = (data[i * channels + c] as number) >> (8 - bits);
      x[c * height * width + i] = (bin + 0.5) / 2 ** bits - 0.5;
    }
  }
  return { shape: [channels, height, width], data: x };
}

function normals(shape: FloatImage['shape'], seed: number): FloatImage {
  const { normal } = createRandom(seed);
  return { shape, data: Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, normal) };
}

test('log p is that of encode, for images as for their numbers', async () => {
  const { logProb } = await glow.encode(images);
  const found = await glow.logProbGradient(images);
  expect(relativeError(found.logProb, logProb)).toBeLessThan(1e-6);
  const [first] = images as [RawImage];
  const again = await glow.logProbGradient(floatsOf(first, glow.config.bits));
  expect(again.logProb[0]).toBe(found.logProb[0]);
  expect(again.gradient[0]).toEqual(found.gradient[0]);
});

test('numbers encode as their image does, and decode to the same bins', async () => {
  const numbers = images.map((image) => floatsOf(image, glow.config.bits));
  const encoded = await glow.encode(numbers);
  expect(encoded).toEqual(await glow.encode(images));
  const decoded = await glow.decodeFloats(encoded.z);
  const bin = (value: number) => Math.floor((value + 0.5) * 2 ** glow.config.bits);
  for (const [i, { shape, data }] of decoded.entries()) {
    expect(shape).toEqual([3, 16, 16]);
    expect(Array.from(data, bin)).toEqual(Array.from((numbers[i] as FloatImage).data, bin));
  }
  expect(decoded[0]?.data.some((value, i) => value !== numbers[0]?.data[i])).toBe(true); // not rounded
  const wrong = { shape: [3, 16, 15] as const, data: new Float32Array(720) };
  await expect(glow.encode(wrong)).rejects.toThrow('both divisible by 8, got [3,16,15]');
});

test('climbing the gradient raises log p as much as it says', async () => {
  const x = floatsOf(images[0] as RawImage, glow.config.bits);
  const { logProb, gradient } = await glow.logProbGradient(x);
  const slope = Math.hypot(...(gradient[0] as FloatImage).data);
  const step = 0.3 / slope; // 0.3 nats
  const moved = x.data.map(
    (value, i) => value + (step * ((gradient[0] as FloatImage).data[i] as number)) / slope,
  );
  const { logProb: above } = await glow.logProbGradient({ ...x, data: moved });
  expect((above[0] as number) - (logProb[0] as number)).toBeGreaterThan(0.25);
  expect((above[0] as number) - (logProb[0] as number)).toBeLessThan(0.35);
});

test('decodeGradient is linear in the cotangent, and gives what decode gives', async () => {
  const shape = [3, 16, 16] as const;
  const cotangents = [1, 2, 3].map((seed) => normals(shape, seed));
  const { x, gradient } = await glow.decodeGradient(z, cotangents);
  const decoded = await glow.decode(z);
  for (const [i, one] of decoded.entries()) {
    const centres = floatsOf(one, glow.config.bits).data;
    const error = centres.map((value, at) => Math.abs(value - ((x[i] as FloatImage).data[at] as number)));
    expect(Math.max(...error)).toBeLessThan(0.5 / 2 ** glow.config.bits);
  }
  const doubled = cotangents.map((one) => ({ ...one, data: one.data.map((value) => 2 * value) }));
  const twice = await glow.decodeGradient(z, doubled);
  for (const [i, { levels }] of gradient.entries()) {
    for (const [level, { data, shape }] of levels.entries()) {
      const other = twice.gradient[i]?.levels[level];
      expect(shape).toEqual(z[i]?.levels[level]?.shape);
      expect(
        relativeError(
          (other?.data ?? []) as Float32Array,
          data.map((value) => 2 * value),
        ),
      ).toBeLessThan(1e-5);
    }
  }
});

test('wasm and a worker give the same', async () => {
  const expected = await glow.logProbGradient(images);
  const vjp = await glow.decodeGradient(z, expected.gradient);
  for (const options of [{ device: 'wasm' }, { device: 'cpu', worker: true }] as const) {
    await using other = await loadGlow(folder, options);
    const found = await other.logProbGradient(images);
    const foundVjp = await other.decodeGradient(z, expected.gradient);
    for (const [i, { data }] of expected.gradient.entries()) {
      expect(relativeError(found.gradient[i]?.data ?? [], data)).toBeLessThan(1e-4);
      const [level] = vjp.gradient[i]?.levels ?? [];
      expect(relativeError(foundVjp.gradient[i]?.levels[0]?.data ?? [], level?.data ?? [])).toBeLessThan(
        1e-4,
      );
    }
  }
}, 120_000);

describe('says what is wrong with', () => {
  const shape = [3, 16, 16] as const;
  const good = normals(shape, 1);
  test.each<readonly [string, unknown, RegExp]>([
    ['a shape of other channels', { ...good, shape: [1, 16, 16] }, /expected the shape \[3, height, width\]/],
    ['a size that the levels do not divide', normals([3, 12, 16], 1), /divisible by 8, got \[3,12,16\]/],
    [
      'too few numbers',
      { ...good, data: new Float32Array(5) },
      /a Float32Array of 768 numbers, got 5 numbers/,
    ],
    ['other numbers', { ...good, data: new Float64Array(768) }, /a Float32Array of 768 numbers, got object/],
    ['NaN', { ...good, data: good.data.with(7, Number.NaN) }, /data holds NaN at 7/],
  ])('%s', async (_, input, message) => {
    await expect(glow.logProbGradient(input as FloatImage)).rejects.toThrow(message);
    await expect(glow.decodeGradient(z[0] as Latents, input as FloatImage)).rejects.toThrow(message);
  });

  test('as many cotangents as latents', async () => {
    await expect(glow.decodeGradient(z, good)).rejects.toThrow('3 latents need as many cotangents, got 1');
  });

  test('a cotangent of another size', async () => {
    await expect(glow.decodeGradient(z[0] as Latents, normals([3, 24, 16], 1))).rejects.toThrow(
      'cotangent is 24×16, its latents are those of 16×16',
    );
  });
});

test.each(['encode', 'decode'] as const)(
  'a device that computes the gradient of %s wrongly is refused',
  async (kind) => {
    const tensors = (latents: Latents) =>
      Object.fromEntries(
        latents.levels.map(({ shape, data }, l) => [`z${l}`, { shape: [1, ...shape], data }]),
      );
    const one = ({ shape, data }: FloatImage) => ({ shape: [1, ...shape], data });
    const floats = ({ shape, data }: { shape: readonly number[]; data: Float32Array }) =>
      ({ shape: shape.slice(1), data }) as unknown as FloatImage;
    const latentsOf = (
      inputs: Record<string, { shape: readonly number[]; data: Float32Array }>,
    ): Latents => ({
      levels: [0, 1, 2].map((l) => floats(inputs[`z${l}`] as never)),
    });
    const runs = (wrong: number): DerivativeRuns => ({
      encode: async ({ x }) => {
        const { logProb } = await glow.logProbGradient(floats(x as never));
        return { log_prob: { shape: [1], data: Float32Array.from(logProb) } };
      },
      decode: async (inputs) => {
        const { x } = await glow.decodeGradient(latentsOf(inputs), normals([3, 16, 16], 1));
        return { x: one(x[0] as FloatImage) };
      },
      gradient: async (inputs) => {
        if (kind === 'encode') {
          const { gradient } = await glow.logProbGradient(floats(inputs.x as never));
          const found = one(gradient[0] as FloatImage);
          return { gradient: { ...found, data: found.data.map((v, i) => (i % 3 === 0 ? v * wrong : v)) } };
        }
        const { gradient } = await glow.decodeGradient(latentsOf(inputs), floats(inputs.cotangent as never));
        const found = tensors(gradient[0] as Latents);
        return Object.fromEntries(
          Object.entries(found).map(([name, { shape, data }]) => [
            `d${name}`,
            { shape, data: data.map((v, i) => (i % 3 === 0 ? v * wrong : v)) },
          ]),
        );
      },
    });
    await checkDerivative(kind, 'cpu', glow.config, runs(1));
    for (const wrong of [-3, 0]) {
      await expect(checkDerivative(kind, 'cpu', glow.config, runs(wrong))).rejects.toThrow(
        `computes the gradient of the ${kind} graph wrongly`,
      );
    }
  },
  60_000,
);
