import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, type Float64Tensor, type Manifest, tensor } from '@glow-onnx/flow';
import type { ManifestFacts } from '@glow-onnx/flow/internal';
import { encodePng, type GlowModel, type Latents, loadGlow, type RawImage } from '@glow-onnx/runtime';
import { toModel } from '../../../packages/runtime/src/pictures/images.js';
import { alterManifest } from '../../support/altered-folder.js';
import { drawsOf } from '../../support/draws.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { relativeError } from '../../support/numeric.js';
import { labelsFor } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { variants } from '../../support/variants.js';

/** Float32 rounding through two levels of two steps, as the exporter's own parity test. */
const FLOAT32 = 2e-5;

function picture(index: number, height: number, width: number, channels: number): RawImage {
  const random = createRandom(6, index);
  const data = Uint8Array.from({ length: height * width * channels }, () => random.below(256));
  return { data, height, width, channels };
}
const batchOf1 = ({ shape, data }: Latents['levels'][number]): Float64Tensor => tensor([1, ...shape], data);

const ofPixels = variants.filter(({ config }) => config.bits > 0);

describe.each(ofPixels)('a folder of $name', ({ config }) => {
  let fixture: ModelFixture;
  let model: GlowModel;
  beforeAll(async () => {
    fixture = await writeModelFixture(config, 13);
    model = await loadGlow(fixture.directory);
  });
  afterAll(async () => {
    await model.dispose();
    await fixture.remove();
  });
  const { channels, bits, classes } = config;
  const options = classes > 0 ? { label: 0 } : {};
  const label = labelsFor(classes, 1);
  const unit = 2 ** config.levels;
  // The size it was made for, and one it was not.
  const sizes = [
    [config.height, config.width],
    [unit, 3 * unit],
  ] as const;

  test.each(sizes)('encodes, scores and decodes %i×%i as float64 does', async (height, width) => {
    const image = picture(0, height, width, channels);
    const { x } = toModel(image, bits, () => 0.5);
    const expected = fixture.oracle.encode(tensor([1, channels, height, width], x), label);
    const { z, logProb } = await model.encode(image, { ...options, fit: 'none' });
    const levels = (z[0] as Latents).levels;
    for (const [level, { data, shape }] of levels.entries()) {
      expect([1, ...shape]).toEqual(expected.latents[level]?.shape);
      expect(relativeError(data, (expected.latents[level] as Float64Tensor).data)).toBeLessThan(FLOAT32);
    }
    expect(relativeError(logProb, expected.logProb.data)).toBeLessThan(FLOAT32);

    const [decoded] = await model.decode(z, options);
    expect(decoded?.data.map((p) => p >> (8 - bits))).toEqual(image.data.map((p) => p >> (8 - bits)));
    // Latents halfway to zero: a picture that is not the one encoded.
    const half = { levels: levels.map(({ shape, data }) => ({ shape, data: data.map((v) => v / 2) })) };
    const oracleX = fixture.oracle.decode(half.levels.map(batchOf1), label).data;
    const bins = Array.from(oracleX, (value) => Math.min(Math.max(Math.floor((value + 0.5) * 32), 0), 31));
    const [halved] = await model.decode(half, options);
    const pixels = height * width;
    const got = bins.map(
      (_, i) => (halved as RawImage).data[(i % pixels) * channels + Math.floor(i / pixels)] as number,
    );
    // A value on the border of two bins may fall to either side.
    const unequal = got.filter((p, i) => p >> 3 !== bins[i]).length;
    expect(unequal).toBeLessThanOrEqual(1);
  });

  test('bitsPerDim averages what float64 says of the same draws', async () => {
    const images = [0, 1].map((i) => picture(i, config.height, config.width, channels));
    const expected = images.map((image) => {
      const nextU = drawsOf(image, bits, 8);
      const size = image.data.length;
      const scores = [0, 1, 2].map(() => {
        const { x } = toModel(image, bits, nextU);
        const { logProb } = fixture.oracle.encode(tensor([1, channels, image.height, image.width], x), label);
        return -((logProb.data[0] as number) - size * bits * Math.LN2) / (size * Math.LN2);
      });
      return scores.reduce((a, b) => a + b) / 3;
    });
    expect(
      relativeError(await model.bitsPerDim(images, { draws: 3, seed: 8, ...options }), expected),
    ).toBeLessThan(FLOAT32);
  });
});

describe('loadGlow', () => {
  const config = tinyConfig();
  let fixture: ModelFixture;
  let work: string;
  beforeAll(async () => {
    fixture = await writeModelFixture(config, 13);
    work = await mkdtemp(join(tmpdir(), 'glow-load-'));
  });
  afterAll(async () => {
    await fixture.remove();
    await rm(work, { recursive: true });
  });
  /** A copy of the folder with one file changed, or removed if there is nothing to put there. */
  let copies = 0;
  async function changed(
    path: string,
    change: (bytes: Buffer) => string | Uint8Array | undefined,
  ): Promise<string> {
    const copy = join(work, `copy-${copies++}`);
    await cp(fixture.directory, copy, { recursive: true });
    const result = change(await readFile(join(copy, path)));
    await (result === undefined ? rm(join(copy, path)) : writeFile(join(copy, path), result));
    return copy;
  }
  const manifestWith = async (change: (manifest: Manifest) => ManifestFacts) => {
    const copy = await changed('manifest.json', (bytes) => bytes);
    await alterManifest(copy, change);
    return copy;
  };

  test('tells what it loaded', async () => {
    const model = await loadGlow(fixture.directory);
    expect(model.config).toEqual(config);
    expect(model.manifest.variants.fp32.encode).toBe('onnx/encode.onnx');
    expect(model.device).toBe('cpu');
    expect(model.skipped.map(({ device }) => device)).toEqual(['cuda', 'webgpu']);
    await model.dispose();
  });

  test('changes nothing by the batch size', async () => {
    const images = [0, 1, 2, 3, 4].map((i) => picture(i, 8, 8, 3));
    const [one, three] = await Promise.all(
      [1, 3].map(async (batchSize) => {
        const model = await loadGlow(fixture.directory, { batchSize });
        const { z, logProb } = await model.encode(images);
        const samples = await model.sample({ count: 5, seed: 2, temperature: 0.9 });
        const scores = await model.bitsPerDim(images, { draws: 2, seed: 3 });
        await model.dispose();
        return { z, logProb, samples, scores };
      }),
    );
    expect(three).toEqual(one);
  });

  test('reads pictures from paths, and stops at maxPixels', async () => {
    const image = picture(0, 8, 8, 3);
    const path = join(work, 'picture.png');
    await writeFile(path, await encodePng(image));
    const model = await loadGlow(fixture.directory, { maxPixels: 64 });
    expect((await model.encode(path)).logProb).toEqual((await model.encode(image)).logProb);
    await writeFile(path, await encodePng(picture(0, 8, 16, 3)));
    await expect(model.encode(path)).rejects.toThrow(`encode: ${path}: the image cannot be read: `);
    await model.dispose();
  });

  test('a call under way when the model is disposed ends first', async () => {
    const model = await loadGlow(fixture.directory, { batchSize: 4 });
    const call = model.sample({ count: 9 });
    await model.dispose();
    expect(await call).toHaveLength(9);
    await expect(model.encode(picture(0, 8, 8, 3))).rejects.toThrow('encode: this model is disposed');
  });

  const flip = (bytes: Buffer) => bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
  test.each<[string, () => Promise<string>, RegExp]>([
    [
      'no folder',
      async () => join(work, 'none'),
      /none: no manifest\.json found; this folder does not exist; pass/,
    ],
    ['a missing graph', () => changed('onnx/decode.onnx', () => undefined), /onnx\/decode\.onnx is missing/],
    [
      'a changed graph',
      () => changed('onnx/encode.onnx', flip),
      /onnx\/encode\.onnx has sha256 .*manifest\.json says/,
    ],
    ['changed weights', () => changed('onnx/weights.bin', flip), /onnx\/weights\.bin has sha256/],
    [
      'weights cut short',
      () => changed('onnx/weights.bin', (b) => b.subarray(8)),
      /weights\.bin has \d+ bytes, man/,
    ],
    [
      'a manifest that is not JSON',
      () => changed('manifest.json', () => '{'),
      /manifest\.json: not valid JSON/,
    ],
    [
      'a later format',
      () =>
        changed('manifest.json', (bytes) => `${bytes}`.replace('"formatVersion": 2', '"formatVersion": 9')),
      /format version 9 is newer than this release knows \(1 to 2\); update/,
    ],
    [
      'a manifest changed by hand',
      () => changed('manifest.json', (b) => `${b}`.replace('"bits": 5', '"bits": 1')),
      /checksum/,
    ],
    [
      'the config of another model',
      () => manifestWith((m) => ({ ...m, config: { ...m.config, bits: 1 } })),
      /onnx\/encode\.onnx was exported with config\.bits 5, manifest\.json says 1/,
    ],
    ['an unlisted file', () => manifestWith((m) => ({ ...m, files: [] })), /encode\.onnx is not listed/],
  ])('refuses %s', async (_, folder, message) => {
    await expect(loadGlow(await folder())).rejects.toThrow(message);
  });

  test('refuses a device that is not there, and senseless options', async () => {
    await expect(loadGlow(fixture.directory, { device: 'cuda' })).rejects.toThrow(
      'device "cuda" is not available',
    );
    await expect(loadGlow(fixture.directory, { batchSize: 0 })).rejects.toThrow(
      'batchSize must be an integer from 1 on',
    );
  });
});
