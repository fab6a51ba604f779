import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createGlow } from '@glow-onnx/flow';
import { binToModel, parseSafetensors, pixelToBin } from '@glow-onnx/flow/internal';
import { decodeModel } from '@glow-onnx/graph';
import { loadGlow } from '@glow-onnx/runtime';
import { openSession } from '@glow-onnx/runtime/session';
import { relativeError } from '../../support/numeric.js';
import { checkerTest, checkWithOnnx } from '../../support/onnx-checker.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { checkpoint, config, manifestOf, temporaryFolder } from './fixture.js';

const at = temporaryFolder();

describe('exportModel', () => {
  test('writes a folder whose manifest lists every file with its size and hash', async () => {
    const out = at('model');
    await exportModel(checkpoint, { out });
    const manifest = manifestOf(out);
    for (const { path, bytes, sha256 } of manifest.files) {
      const content = readFileSync(join(out, path));
      expect([path, content.length]).toEqual([path, bytes]);
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
    }
    const found = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const unlisted = ['README.md', 'manifest.json'];
    expect(found.map(({ name }) => name).sort()).toEqual(
      [...manifest.files.map(({ path }) => path.replace(/.*\//, '')), ...unlisted].sort(),
    );
    expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toEqual(config);
    expect(manifest).toMatchObject({
      config,
      training: checkpoint.training,
      latents: [
        { name: 'z0', channels: 6, downscale: 2 },
        { name: 'z1', channels: 24, downscale: 4 },
      ],
    });
    expect(statSync(out).mode & 0o777).toBe(0o777 & ~process.umask());
  });

  test('writes a model that the runtime loads and that gives every pixel back', async () => {
    const out = at('model');
    await exportModel(checkpoint, { out });
    const glow = await loadGlow(out);
    try {
      const images = await glow.sample({ count: 3, seed: 1 });
      const bins = (pictures: typeof images) => pictures.map(({ data }) => [...data].map((p) => p >> 3));
      expect(bins(await glow.reconstruct(images))).toEqual(bins(images));
    } finally {
      await glow.dispose();
    }
  });

  test('states errors against float64 that are not zero and below their tolerances', async () => {
    const { measured } = await exportModel(checkpoint, { out: at('model') });
    expect(measured.map(({ claim }) => claim.split(':')[0])).toEqual([
      'encode against float64',
      'encode against float64',
      'decode against float64',
      'decode(encode(x))',
    ]);
    for (const { value, tolerance } of measured) {
      expect(value).toBeLessThan(tolerance);
    }
    // log_prob may round to the very float32 number of golden.safetensors.
    expect(measured.filter(({ value }) => value > 0).length).toBeGreaterThanOrEqual(3);
  });

  test('keeps golden values that the graphs reproduce', async () => {
    const out = at('model');
    await exportModel(checkpoint, { out });
    const { tensors } = parseSafetensors(readFileSync(join(out, 'golden.safetensors')));
    const bins = Array.from(tensors.x.data as Float32Array, (x) => (x + 0.5) * 2 ** config.bits - 0.5);
    expect(bins.every((bin) => Number.isInteger(bin) && bin >= 0 && bin < 32)).toBe(true);
    expect(new Set(bins).size).toBeGreaterThan(8);
    const session = await openSession({ model: join(out, 'onnx/encode.onnx') });
    const encoded = await session.run({
      x: { shape: tensors.x.shape, data: tensors.x.data as Float32Array },
    });
    await session.release();
    for (const name of ['z0', 'z1', 'log_prob']) {
      expect(encoded[name].shape).toEqual(tensors[name].shape);
      expect(relativeError(encoded[name].data, tensors[name].data as Float32Array)).toBeLessThan(1e-5);
    }
  });

  test.each([
    ['1 channel', { channels: 1, levels: 1, steps: 1, height: 6, width: 10, bits: 1 }, 'grey'],
    ['2 channels', { channels: 2, levels: 1, steps: 1, height: 2, width: 6 }, 'unnamed'],
    ['3 channels', { channels: 3, levels: 3, steps: 1, height: 8, width: 24 }, 'rgb'],
    ['4 channels', { channels: 4, levels: 2, steps: 1, height: 12, width: 4 }, 'unnamed'],
  ])('states the preprocessing of %s in the manifest, as this library does it', async (_, size, colour) => {
    const of = tinyConfig({ ...size, hiddenChannels: 4 });
    const params = randomParams(createGlow(of), 55);
    await exportModel({ config: of, params, initialised: true }, { out: at('model') });
    const { preprocessing } = manifestOf(at('model'));
    const { channels, height, width, bits } = of;
    const stated = { layout: 'NCHW', colour, channels, height, width, bits, multipleOf: 2 ** of.levels };
    expect(preprocessing).toMatchObject({ ...stated, fit: 'none' });
    const formula = new Function('p', 'floor', `return ${preprocessing?.formula.replace(/^x = /, '')}`);
    const all = Array.from({ length: 256 }, (_, p) => formula(p, Math.floor) as number);
    expect(all).toEqual(all.map((_, p) => binToModel(pixelToBin(p, bits), bits)));
    expect(preprocessing?.range).toEqual([Math.min(...all), Math.max(...all)]);
    expect(readFileSync(at('model', 'README.md'), 'utf8')).toContain(preprocessing?.formula);
  });

  test('names the version of its package', async () => {
    await exportModel(checkpoint, { out: at('model') });
    const text = readFileSync(join(__dirname, '../../../packages/exporter/package.json'), 'utf8');
    const { name, version } = JSON.parse(text);
    expect(manifestOf(at('model')).producer).toEqual({ name, version });
  });

  test('shares weights between the graphs, or with singleFile puts them into each', async () => {
    await exportModel(checkpoint, { out: at('shared') });
    await exportModel(checkpoint, { out: at('single'), singleFile: true });
    const external = (path: string) => {
      const { initializers } = decodeModel(readFileSync(path)).graph;
      return new Map(
        initializers.flatMap(({ name, data }) => (data instanceof Uint8Array ? [] : [[name, data]])),
      );
    };
    const [encode, decode] = ['encode', 'decode'].map((name) => external(at('shared', `onnx/${name}.onnx`)));
    const conv3 = 'levels.1.steps.0.coupling.conv3.weight';
    expect(encode.get(conv3)).toEqual(decode.get(conv3));
    expect(encode.get(conv3)?.file).toBe('weights.bin');
    expect(external(at('single', 'onnx/encode.onnx')).size).toBe(0);
    expect(manifestOf(at('single')).variants.fp32.weights).toBeNull();
    expect(existsSync(at('single', 'onnx/weights.bin'))).toBe(false);
    const glow = await loadGlow(at('single'));
    await glow.dispose();
  });

  test('takes the moving averages where there are any', async () => {
    const ema = randomParams(createGlow(config), 52).trainable;
    await exportModel({ ...checkpoint, ema }, { out: at('ema') });
    await exportModel(
      { ...checkpoint, params: { ...checkpoint.params, trainable: ema } },
      { out: at('same') },
    );
    await exportModel(checkpoint, { out: at('other') });
    const hash = (name: string) =>
      manifestOf(at(name)).files.find(({ path }) => path === 'onnx/weights.bin')?.sha256;
    expect(hash('ema')).toBe(hash('same'));
    expect(hash('ema')).not.toBe(hash('other'));
  });

  test('writes the same bytes for the same checkpoint', async () => {
    await exportModel(checkpoint, { out: at('a') });
    await exportModel(checkpoint, { out: at('b') });
    expect(manifestOf(at('a')).files).toEqual(manifestOf(at('b')).files);
  });

  test('tells on the card what the model is and what is known of its training', async () => {
    await exportModel(checkpoint, { out: at('model') });
    const card = readFileSync(at('model', 'README.md'), 'utf8');
    for (const line of [
      '3×8×16, 5 bits',
      'z0 6×4×8, z1 24×2×4',
      '| bits per dim | 4.25 |',
      '| dataset | noise |',
    ]) {
      expect(card).toContain(line);
    }
    const cells = card.split('\n').filter((line) => line.startsWith('|'));
    expect(cells.filter((line) => ![4, 5].includes(line.split('|').length))).toEqual([]);
  });

  checkerTest('writes graphs that onnx itself accepts, of every kind of layer', async () => {
    const presets = ['tutorial', 'port', 'openai'] as const;
    for (const preset of presets) {
      const of = tinyConfig({ steps: 1 }, preset);
      const params = randomParams(createGlow(of), 53);
      await exportModel({ config: of, params, initialised: true }, { out: at(preset) });
    }
    checkWithOnnx(...presets.flatMap((p) => [at(p, 'onnx/encode.onnx'), at(p, 'onnx/decode.onnx')]));
  });
});
