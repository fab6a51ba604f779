import { type GlowModel, loadGlow, type RawImage } from '@glow-onnx/runtime/node';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { relativeError } from '../../support/numeric.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** Devices sum in different orders. Docs/representation.md states it. */
const AGREEMENT = 1e-5;
/** Float16 has 11 bits, so each convolution rounds by up to 5·10⁻⁴, and four steps add up; docs/representation.md states it. */
const HALF = 2e-3;

const config = tinyConfig({ classes: 3, prior: 'learned' });
let fixture: ModelFixture;
let glow: GlowModel;
let images: RawImage[];
beforeAll(async () => {
  fixture = await writeModelFixture(config, 5);
  glow = await loadGlow(fixture.directory, { device: 'cpu' });
  images = await glow.sample({ count: 3, seed: 1, label: 1 });
}, 60_000);
afterAll(async () => {
  await glow.dispose();
  await fixture.remove();
});

test('each image has its own features, without a label, in a batch as alone', async () => {
  const found = await glow.features(images);
  const alone = await Promise.all(images.map(async (image) => (await glow.features(image))[0]));
  expect(found.map(({ shape }) => shape)).toEqual(images.map(() => [4, 8, 2, 2]));
  for (const [i, { data, fitted }] of found.entries()) {
    expect(data).toHaveLength(4 * 8 * 2 * 2);
    expect(data.every((value) => value >= 0)).toBe(true);
    expect(fitted).toBeUndefined();
    expect(relativeError(data, alone[i]?.data ?? [])).toBeLessThan(AGREEMENT);
  }
  expect(relativeError(found[0]?.data ?? [], found[1]?.data ?? [])).toBeGreaterThan(0.01);
});

test('a picture of another size has as many, and says how it was fitted', async () => {
  const wide: RawImage = { width: 16, height: 8, channels: 3, data: new Uint8Array(16 * 8 * 3).fill(90) };
  const [cut] = await glow.features(wide);
  const [whole] = await glow.features(wide, { fit: 'none' });
  expect([cut?.data.length, whole?.data.length]).toEqual([128, 128]);
  expect(cut?.fitted).toBeDefined();
  expect(whole?.fitted).toBeUndefined();
});

test.each([
  ['no image', [undefined], /features: the image cannot be read/],
  [
    'an image with numbers of another shape',
    [{ shape: [1, 8, 8], data: new Float32Array(64) }],
    /expected the shape \[3, height, width\]/,
  ],
  ['a label', [[], { label: 1 }], /features.*label/],
  ['an unknown option', [[], { grid: 2 }], /features.*grid/],
  ['a wrong fit', [[], { fit: 'best' }], /fit/],
] as const)('says what is wrong with %s', async (_, args, message) => {
  await expect(glow.features(...(args as unknown as Parameters<GlowModel['features']>))).rejects.toThrow(
    message,
  );
});

test('no image gives no features', async () => {
  expect(await glow.features([])).toEqual([]);
});

test('a model folder in fp16 has the features of fp32', async () => {
  const both = tinyConfig({ hiddenLayer: 'residual' });
  const folder = await writeModelFixture(both, 5, { precision: ['fp32', 'fp16'] });
  await using full = await loadGlow(folder.directory, { device: 'cpu' });
  await using half = await loadGlow(folder.directory, { device: 'cpu', precision: 'fp16' });
  const expected = await full.features(images);
  for (const [i, { data, shape }] of (await half.features(images)).entries()) {
    expect(shape).toEqual(expected[i]?.shape);
    expect(relativeError(data, expected[i]?.data ?? [])).toBeLessThan(HALF);
  }
  await folder.remove();
}, 60_000);

test('wasm and a worker give the same', async () => {
  const expected = await glow.features(images);
  for (const options of [{ device: 'wasm' }, { device: 'cpu', worker: true }] as const) {
    await using other = await loadGlow(fixture.directory, options);
    for (const [i, { data, shape }] of (await other.features(images)).entries()) {
      expect(shape).toEqual(expected[i]?.shape);
      expect(relativeError(data, expected[i]?.data ?? [])).toBeLessThan(AGREEMENT);
    }
  }
}, 120_000);
