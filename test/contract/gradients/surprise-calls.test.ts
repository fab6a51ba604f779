import { resolve } from 'node:path';
import { createRandom } from '@glow-onnx/flow/random';
import { type GlowModel, loadGlow, type RawImage, type Surprise } from '@glow-onnx/runtime/node';
import { surpriseBatch } from '../../../packages/runtime/src/model/run-surprise.js';
import { relativeError } from '../../support/numeric.js';

/** The public call, on a real model. */
const folder = resolve(__dirname, '../../../models/pixel-faces');
/** The sum of a map, relative to the bits of its image. */
const SUM = 1e-4;

let glow: GlowModel;
let images: RawImage[];
beforeAll(async () => {
  glow = await loadGlow(folder, { device: 'cpu' });
  images = await glow.sample({ count: 3, temperature: 0.7, seed: 1 });
}, 60_000);
afterAll(() => glow.dispose());

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

test.each([{}, { draws: 3, seed: 7 }])(
  '%j: a map sums to the bits of bitsPerDim and score',
  async (options) => {
    const bits = await glow.bitsPerDim(images, options);
    const found = await glow.surprise(images, options);
    expect(found.map(({ bitsPerDim }) => bitsPerDim)).toEqual(bits.map((one) => expect.closeTo(one, 6)));
    for (const [i, { map, fitted }] of found.entries()) {
      expect([map.shape, fitted]).toEqual([[16, 16], undefined]);
      expect(Math.abs(sum(map.data) / (768 * (bits[i] as number)) - 1)).toBeLessThan(SUM);
    }
  },
);

test('the most surprising pixel is at the one of another colour, in both forms', async () => {
  const [first] = images as [RawImage];
  const at = 5 * 16 + 11;
  const odd = { ...first, data: first.data.slice() };
  odd.data.set([0, 255, 0], 3 * at);
  for (const form of ['terms', 'gradient'] as const) {
    const [{ map }] = (await glow.surprise(odd, { form })) as [Surprise];
    const most = map.data.indexOf(Math.max(...map.data));
    // Convolutions look at neighbours, and a cell of the first level has 2×2 pixels.
    const distance = Math.max(Math.abs(Math.floor(most / 16) - 5), Math.abs((most % 16) - 11));
    expect({ form, distance, isNear: distance <= 3 }).toEqual({ form, distance, isNear: true });
  }
});

test('the gradient is that of logProbGradient, in bits for one step of a pixel', async () => {
  const [image] = images as [RawImage];
  const { bits } = glow.config;
  const { uniform } = createRandom(0, streamOf(image, bits));
  const x = new Float32Array(768);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < 256; i++) {
      x[c * 256 + i] = (((image.data[3 * i + c] as number) >> (8 - bits)) + uniform()) / 2 ** bits - 0.5;
    }
  }
  const { gradient } = await glow.logProbGradient({ shape: [3, 16, 16], data: x });
  const data = gradient[0]?.data ?? new Float32Array();
  const expected = Array.from({ length: 256 }, (_, i) =>
    Math.hypot(data[i] as number, data[256 + i] as number, data[512 + i] as number),
  ).map((length) => length / Math.LN2 / 2 ** bits);
  const [found] = await glow.surprise(image, { form: 'gradient', draws: 1 });
  expect(relativeError(found?.map.data ?? [], expected)).toBeLessThan(1e-5);
});

/** FNV-1a of the bins: the stream of an image's draws, as scores have it. */
function streamOf({ data }: RawImage, bits: number): number {
  return data.reduce((hash, pixel) => Math.imul(hash ^ (pixel >> (8 - bits)), 0x01000193) >>> 0, 0x811c9dc5);
}

test('an image of another size has a map of the size that the model sees', async () => {
  const large = {
    ...(images[0] as RawImage),
    data: new Uint8Array(24 * 40 * 3).fill(90),
    height: 24,
    width: 40,
  };
  const [cover, whole] = [await glow.surprise(large), await glow.surprise(large, { fit: 'none' })];
  expect([cover[0]?.map.shape, cover[0]?.fitted?.from]).toEqual([[16, 16], { height: 24, width: 40 }]);
  expect([whole[0]?.map.shape, whole[0]?.fitted]).toEqual([[24, 40], undefined]);
});

test('wasm and a worker give the same', async () => {
  const expected = await glow.surprise(images, { draws: 2 });
  for (const options of [{ device: 'wasm' }, { device: 'cpu', worker: true }] as const) {
    await using other = await loadGlow(folder, options);
    for (const [i, { map }] of (await other.surprise(images, { draws: 2 })).entries()) {
      expect(relativeError(map.data, expected[i]?.map.data ?? [])).toBeLessThan(1e-4);
    }
  }
}, 120_000);

test('a folder of an earlier version has maps too', async () => {
  await using earlier = await loadGlow(resolve(__dirname, '../../support/earlier/model-1'), {
    device: 'cpu',
  });
  const { channels, height, width } = earlier.config;
  const [image] = await earlier.sample({ count: 1, seed: 1, label: 'cat' });
  const [found] = (await earlier.surprise(image as RawImage, { label: 'cat' })) as [Surprise];
  const bits = channels * height * width * found.bitsPerDim;
  expect(Math.abs(sum(found.map.data) / bits - 1)).toBeLessThan(SUM);
});

test.each<readonly [string, object, RegExp]>([
  ['a form that is none', { form: 'heat' }, /surprise: form must be "terms" or "gradient", got "heat"/],
  ['no draws', { draws: 0 }, /surprise: draws/],
  ['a bound, for the mean of draws alone has a sum', { bound: 'importance' }, /bound/],
])('says what is wrong with %s', async (_, options, message) => {
  await expect(glow.surprise(images, options as object)).rejects.toThrow(message);
});

test('a device whose map does not sum to −log p(x) is refused, by the image', async () => {
  const item = { image: 0, where: 'surprise: a.png', label: undefined, height: 16, width: 16 };
  const x = new Float32Array(768);
  const graphWith = (factor: number) => ({
    run: async () => ({
      log_prob: { shape: [1], data: Float32Array.of(-5000) },
      surprise: { shape: [1, 1, 16, 16], data: new Float32Array(256).fill((factor * 5000) / 256) },
    }),
  });
  const [right] = await surpriseBatch(graphWith(1), 'webgpu', glow.config, [{ ...item, x }]);
  expect(right).toMatchObject({ logProb: -5000 });
  const [wrong] = await surpriseBatch(graphWith(1.001), 'webgpu', glow.config, [{ ...item, x }]);
  expect(wrong).toMatchObject({
    error: {
      name: 'DeviceError',
      device: 'webgpu',
      message: expect.stringMatching(/^surprise: a\.png: the map sums to .* computes it wrongly/),
    },
  });
});
