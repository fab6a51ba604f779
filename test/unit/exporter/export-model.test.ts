import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import {
  type Checkpoint,
  createConfig,
  createGlow,
  encodeCheckpoint,
  parseCheckpoint,
  parseManifest,
} from '@glow-onnx/flow';
import { binToModel, filled, parseSafetensors, pixelToBin } from '@glow-onnx/flow/internal';
import { decodeModel } from '@glow-onnx/graph';
import { loadGlow } from '@glow-onnx/runtime';
import { writePng } from '@glow-onnx/runtime/node';
import { openSession } from '@glow-onnx/runtime/session';
import { main } from '../../../packages/exporter/src/main.js';
import { readGolden } from '../../support/golden-files.js';
import { relativeError } from '../../support/numeric.js';
import { checkerTest, checkWithOnnx } from '../../support/onnx-checker.js';
import { randomParams } from '../../support/random-params.js';

const config = createConfig({
  channels: 3,
  height: 8,
  width: 16,
  levels: 2,
  steps: 2,
  hiddenChannels: 8,
  bits: 5,
});
const checkpoint: Checkpoint = {
  config,
  params: randomParams(createGlow(config), 51),
  initialised: true,
  training: { dataset: 'noise', steps: 12, bitsPerDim: 4.25, histogram: { from: 1, counts: [1, 2] } },
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glow-export-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...parts: string[]) => join(folder, ...parts);
const manifestOf = (model: string) => parseManifest(readFileSync(join(model, 'manifest.json'), 'utf8'));

/** The checkpoint with one trainable parameter filled with a value. */
function withParam(name: string, value: number, of: Checkpoint = checkpoint): Checkpoint {
  const { trainable, fixed } = of.params;
  if (!(name in trainable)) throw new Error(`no parameter ${name}`);
  return {
    ...of,
    params: { trainable: { ...trainable, [name]: filled(trainable[name].shape, value) }, fixed },
  };
}

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
    const of = createConfig({ ...size, hiddenChannels: 4, bits: 5, ...size });
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
      const of = createConfig(
        { channels: 3, height: 8, width: 8, levels: 2, steps: 1, hiddenChannels: 8 },
        preset,
      );
      const params = randomParams(createGlow(of), 53);
      await exportModel({ config: of, params, initialised: true }, { out: at(preset) });
    }
    checkWithOnnx(...presets.flatMap((p) => [at(p, 'onnx/encode.onnx'), at(p, 'onnx/decode.onnx')]));
  });
});

describe('exportModel leaves nothing behind and says why', () => {
  const full: Checkpoint = (() => {
    const of = createConfig({ ...config, conv1x1: 'full' });
    return { config: of, params: randomParams(createGlow(of), 54), initialised: true };
  })();

  test.each<[string, Checkpoint, RegExp]>([
    [
      'actnorm never saw a batch',
      { ...checkpoint, initialised: false },
      /actnorms of this checkpoint have not seen/,
    ],
    [
      'a full matrix is singular',
      withParam('levels.1.steps.0.conv1x1.weight', 0, full),
      /levels\.1\.steps\.0\.conv1x1: the matrix is singular: pivot \d+ is 0/,
    ],
    [
      'a pivot underflows',
      withParam('levels.0.steps.1.conv1x1.logScale', -800),
      /levels\.0\.steps\.1\.conv1x1: the matrix is singular: pivot \d+ is -?0/,
    ],
    [
      'a weight overflows float32',
      withParam('levels.0.steps.1.actnorm.bias', 1e39),
      /levels\.0\.steps\.1\.conv1x1\.bias is -?[\d.e+]+ at element \d+, which float32 cannot hold/,
    ],
    [
      'log_prob overflows float32',
      withParam('levels.0.steps.1.actnorm.bias', 1e30),
      /log_prob over its size is NaN, .*: this model leaves the range of float32 .*take an earlier checkpoint$/,
    ],
    [
      'a weight is NaN',
      withParam('levels.0.steps.1.coupling.conv2.bias', Number.NaN),
      /levels\.0\.steps\.1\.coupling\.conv2\.bias is NaN at element 0/,
    ],
  ])('when %s', async (_, broken, message) => {
    await expect(exportModel(broken, { out: at('deep', 'model') })).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('when the graphs are less accurate than asked for', async () => {
    const strict = exportModel(checkpoint, { out: at('model'), tolerance: 1e-6 });
    await expect(strict).rejects.toThrow(
      /^export: .* is [\d.e-]+, expected at most [\d.e-]+: .*--tolerance$/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});

test.each([Number.POSITIVE_INFINITY, Number.NaN, 0, -1])(
  'exportModel refuses a tolerance of %p',
  async (tolerance) => {
    const refused = exportModel(checkpoint, { out: at('model'), tolerance });
    await expect(refused).rejects.toThrow(`tolerance must be a positive number, got ${tolerance}`);
    expect(readdirSync(folder)).toEqual([]);
  },
);

describe('exportModel onto what is there', () => {
  test('refuses a folder unless forced, and then replaces it whole', async () => {
    const out = at('model');
    await exportModel(checkpoint, { out });
    writeFileSync(join(out, 'README.md'), 'stale');
    await expect(exportModel(checkpoint, { out })).rejects.toThrow('exists; pass --force');
    await exportModel(checkpoint, { out, force: true });
    expect(readFileSync(join(out, 'README.md'), 'utf8')).not.toBe('stale');
    expect(readdirSync(folder)).toEqual(['model']);
  });

  test('replaces the folder that a link leads to, and leaves the link', async () => {
    await exportModel(checkpoint, { out: at('disk', 'model') });
    writeFileSync(at('disk', 'model', 'README.md'), 'stale');
    symlinkSync(at('disk', 'model'), at('link'));
    await exportModel(checkpoint, { out: at('link'), force: true });
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('disk', 'model', 'README.md'), 'utf8')).not.toBe('stale');
    expect(readdirSync(at('disk'))).toEqual(['model']);
  });

  test('keeps the old folder when the new one fails', async () => {
    const out = at('model');
    await exportModel(checkpoint, { out });
    const before = manifestOf(out);
    const failing = exportModel(checkpoint, { out, force: true, tolerance: 1e-6 });
    await expect(failing).rejects.toThrow('expected at most');
    expect(manifestOf(out)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['model']);
  });

  test('does not touch a folder that is no model, forced or not', async () => {
    const out = at('photos');
    mkdirSync(out);
    writeFileSync(join(out, 'cat.png'), 'cat');
    await expect(exportModel(checkpoint, { out, force: true })).rejects.toThrow(
      'holds cat.png, which no export wrote',
    );
    expect(readdirSync(out)).toEqual(['cat.png']);
    await expect(exportModel(checkpoint, { out: join(out, 'cat.png'), force: true })).rejects.toThrow(
      'is a file',
    );
  });
});

describe('exportModel beside other work', () => {
  test('leaves alone what was put into a model folder', async () => {
    const out = at('model');
    await exportModel(checkpoint, { out });
    mkdirSync(join(out, 'data'));
    writeFileSync(join(out, 'data', 'faces.png'), 'faces');
    await expect(exportModel(checkpoint, { out, force: true })).rejects.toThrow('holds data/faces.png');
    expect(readFileSync(join(out, 'data', 'faces.png'), 'utf8')).toBe('faces');
  });

  test('a failure removes the folders it made, but not those that others have filled since', async () => {
    const failing = () => exportModel(checkpoint, { out: at('new/deep/a'), tolerance: 1e-9 });
    await expect(failing()).rejects.toThrow('expected at most');
    expect(readdirSync(folder)).toEqual([]);
    const other = expect(failing()).rejects.toThrow('expected at most');
    await exportModel(checkpoint, { out: at('new/b') });
    await other;
    expect(readdirSync(at('new'))).toEqual(['b']);
  });

  test('two exports to one place at once leave one whole model', async () => {
    const results = await Promise.allSettled([1, 2].map(() => exportModel(checkpoint, { out: at('model') })));
    expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(readdirSync(folder)).toEqual(['model']);
    expect(manifestOf(at('model')).files.length).toBeGreaterThan(0);
  });
});

describe('glow-export', () => {
  async function run(...argv: string[]) {
    const out: string[] = [];
    const err: string[] = [];
    const stdout = { write: (text: string) => out.push(text) };
    const stderr = { write: (text: string) => err.push(text) };
    const code = await main(argv, '1.2.3', { stdout, stderr });
    return { code, out: out.join(''), err: err.join('') };
  }
  const save = () => {
    writeFileSync(at('best.safetensors'), encodeCheckpoint(checkpoint));
    return at('best.safetensors');
  };

  test('turns a checkpoint into a model folder and says what it measured', async () => {
    const { code, out, err } = await run(save(), '--out', at('model'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^3×8×16, 5 bits, 2 levels × 2 steps.*\nclaim .*\n(.* cpu +fp32 +[\d.e-]+ +[\d.e-]+ +yes\n){4}step .*\n(levels.*\n){4}wrote .*model: 7 files/,
    );
  });

  test('prints JSON when asked to', async () => {
    const { out } = await run(save(), '--out', at('model'), '--json', '--single-file');
    expect(JSON.parse(out)).toMatchObject({
      out: at('model'),
      config,
      measured: [{ device: 'cpu' }, {}, {}, {}],
    });
  });

  test.each<[string, string[], number, RegExp]>([
    ['no --out', ['x.safetensors'], 2, /required option '--out <dir>'/],
    [
      'a layout that is not known',
      ['x', '--out', 'y', '--from', 'keras'],
      2,
      /Allowed choices are tutorial, port/,
    ],
    ['a size that is none', ['x', '--out', 'y', '--size', '32'], 2, /HEIGHTxWIDTH/],
    ['a missing file', ['/nowhere/x', '--out', '/nowhere/y'], 1, /^glow-export: \/nowhere\/x: ENOENT.*\n$/],
    ['bits that no pixel has', ['x', '--out', 'y', '--from', 'port', '--bits', '12'], 2, /It must be 1 to 8/],
    ['--bits without --from', ['x', '--out', 'y', '--bits', '5'], 1, /--bits and --size are for --from/],
  ])('with %s fails in one line', async (_, argv, code, message) => {
    const result = await run(...argv);
    expect(result.code).toBe(code);
    expect(result.err).toMatch(message);
    expect(result.out).toBe('');
  });

  test('says what it had to assume of an import', async () => {
    writeFileSync(at('weights'), readGolden('port-rgb-8x8-l2-k2-affine').bytes);
    const assumed = await run(at('weights'), '--from', 'port', '--out', at('a'));
    expect(assumed.out).toMatch(
      /^assumed, as weights do not tell: 5 bits \(--bits\), training pictures of 32x32 \(--size\)\n3×32×32, 5 bits/,
    );
    const told = await run(at('weights'), '--from', 'port', '--out', at('b'), '--bits', '5', '--size', '8x8');
    expect(told.out).toMatch(/^3×8×8, 5 bits/);
  });

  test('import does not write over a file, such as the weights themselves, unless forced', async () => {
    const { bytes } = readGolden('port-rgb-8x8-l2-k2-affine');
    writeFileSync(at('weights'), bytes);
    const argv = ['import', at('weights'), '--from', 'port', '--out', at('weights')];
    const refused = await run(...argv);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/weights exists; pass --force/);
    expect(readFileSync(at('weights')).equals(bytes)).toBe(true);
    expect((await run(...argv, '--force')).code).toBe(0);
    expect(parseCheckpoint(readFileSync(at('weights'))).config.levels).toBe(2);
  });

  test('says that it takes eight pictures of more', async () => {
    const picture = { data: new Uint8Array(3 * 8 * 16), width: 16, height: 8, channels: 3 };
    for (let i = 0; i < 9; i++) await writePng(at('pictures', `${i}.png`), picture);
    const { out } = await run(save(), '--out', at('model'), '--images', at('pictures'));
    expect(out).toContain('\ngolden values of the first 8 of 9 pictures\n');
    const none = await run(save(), '--out', at('other'), '--images', at('nowhere'));
    expect(none.err).toMatch(/images: .*nowhere is not there\n$/);
  });

  test('counts one as one', async () => {
    const of = createConfig({ ...config, levels: 1, steps: 1, bits: 1 });
    const params = randomParams(createGlow(of), 56);
    writeFileSync(at('one'), encodeCheckpoint({ config: of, params, initialised: true }));
    expect((await run(at('one'), '--out', at('model'))).out).toMatch(/1 bit, 1 level × 1 step, /);
  });

  test('rejects a file that is no checkpoint by its name', async () => {
    writeFileSync(at('x'), 'not a checkpoint');
    const { code, err } = await run(at('x'), '--out', at('model'));
    expect(code).toBe(1);
    expect(err).toMatch(/^glow-export: .*x: safetensors: .*\n$/);
    expect(existsSync(at('model'))).toBe(false);
  });
});
