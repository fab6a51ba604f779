import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel, verifyFolder } from '@glow-onnx/exporter';
import {
  type Checkpoint,
  createConfig,
  createGlow,
  createRandom,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  parseManifest,
  tensor,
} from '@glow-onnx/flow';
import { filled, parseSafetensors } from '@glow-onnx/flow/internal';
import { writePng } from '@glow-onnx/runtime/node';
import { parseGolden } from '@glow-onnx/runtime/session';
import { main } from '../../../packages/exporter/src/main.js';
import { spectralNorm } from '../../../packages/exporter/src/spectral-norm.js';
import { diagnoseFolder } from '../../../packages/exporter/src/verify-folder.js';
import { glowExport as run } from '../../support/glow-export.js';
import { randomParams, randomTensor } from '../../support/random-params.js';

const config = createConfig({
  channels: 3,
  height: 8,
  width: 8,
  levels: 2,
  steps: 3,
  hiddenChannels: 8,
  conv1x1: 'full',
});
const glow = createGlow(config);
const checkpoint: Checkpoint = { config, params: randomParams(glow, 71), initialised: true };

let folder = '';
let out = '';
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glow-verify-'));
  out = join(folder, 'model');
});
afterEach(() => rmSync(folder, { recursive: true }));

const manifestOf = () => parseManifest(readFileSync(join(out, 'manifest.json'), 'utf8'));

/** Changes a file and what the manifest says of it, as someone would who edits a model. */
function rewrite(path: string, bytes: Uint8Array) {
  writeFileSync(join(out, path), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const manifest = manifestOf();
  const files = manifest.files.map((file) =>
    file.path === path ? { path, bytes: bytes.length, sha256 } : file,
  );
  writeFileSync(join(out, 'manifest.json'), JSON.stringify({ ...manifest, files }));
}

describe('verify', () => {
  test('measures again what export measured, for every precision in the folder', async () => {
    const { measured } = await exportModel(checkpoint, { out, precision: ['fp32', 'int8-weights'] });
    const report = await verifyFolder(out);
    expect(report.ok).toBe(true);
    expect(report.damaged).toEqual([]);
    expect(report.measured).toEqual(measured.map((claim) => ({ ...claim, ok: true })));
    expect(new Set(report.measured.map(({ precision }) => precision))).toEqual(
      new Set(['fp32', 'int8-weights']),
    );
  });

  test.each([false, true])('runs on wasm too, in one file: %p', async (singleFile) => {
    await exportModel(checkpoint, { out, singleFile });
    const { code, out: text } = await run('verify', out, '--device', 'wasm');
    expect(code).toBe(0);
    expect(text.match(/ wasm +fp32 .* yes\n/g)).toHaveLength(4);
  });

  test('prints a table and exits with 0, or JSON', async () => {
    await exportModel(checkpoint, { out });
    const table = await run('verify', out);
    expect(table).toMatchObject({ code: 0, err: '' });
    expect(table.out).toMatch(
      /^claim +device +precision +measured +tolerance +ok\n(.* yes\n){4}step +cond\(W\).*\n(levels.*\n){5}the worst 5 of 6.*\n.*every claim holds\n$/,
    );
    expect((await run('verify', out, '--steps')).out.match(/^levels\./gm)).toHaveLength(6);
    expect(JSON.parse((await run('verify', out, '--json')).out)).toMatchObject({ ok: true, folder: out });
  });

  test('exits with 1 for a file that is not what the manifest says', async () => {
    await exportModel(checkpoint, { out });
    const weights = readFileSync(join(out, 'onnx/weights.bin'));
    weights[100] ^= 1;
    writeFileSync(join(out, 'onnx/weights.bin'), weights);
    rmSync(join(out, 'config.json'));
    const { code, out: text } = await run('verify', out);
    expect(code).toBe(1);
    expect(text).toMatch(/damaged: onnx\/weights\.bin has sha256 \w+, manifest\.json says \w+/);
    expect(text).toMatch(/damaged: config\.json is missing/);
    expect(text).toMatch(/BROKEN\n$/);
  });

  test('exits with 1 for weights that are another model, hashes right', async () => {
    await exportModel(checkpoint, { out });
    const bytes = Uint8Array.from(readFileSync(join(out, 'onnx/weights.bin')));
    const numbers = new Float32Array(bytes.buffer);
    numbers[5] += 0.05;
    rewrite('onnx/weights.bin', bytes);
    const report = await verifyFolder(out);
    expect(report.damaged).toEqual([]);
    expect(report.ok).toBe(false);
    expect((await run('verify', out)).code).toBe(1);
  });

  test('exits with 1 for a file that the manifest does not tell the hash of', async () => {
    await exportModel(checkpoint, { out });
    const manifest = manifestOf();
    const files = manifest.files.filter(({ path }) => path !== 'onnx/decode.onnx');
    writeFileSync(join(out, 'manifest.json'), JSON.stringify({ ...manifest, files }));
    const { code, out: text } = await run('verify', out);
    expect({ code, text }).toEqual({
      code: 1,
      text: expect.stringMatching(
        /^damaged: onnx\/decode\.onnx is not listed in manifest\.json\n.*BROKEN\n$/,
      ),
    });
  });

  test('says which output a graph of another tool lacks', async () => {
    await exportModel(checkpoint, { out });
    const graph = readFileSync(join(out, 'onnx/encode.onnx'));
    rewrite(
      'onnx/encode.onnx',
      Buffer.from(graph.toString('latin1').replaceAll('log_prob', 'lag_prob'), 'latin1'),
    );
    const { code, err } = await run('verify', out);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'glow-export: the encode graph has no "log_prob"; export the model again\n',
    });
  });

  test('holds graphs with names of another tool to their claims, and says that it cannot tell steps', async () => {
    await exportModel(checkpoint, { out });
    const graph = readFileSync(join(out, 'onnx/encode.onnx'));
    rewrite(
      'onnx/encode.onnx',
      Buffer.from(graph.toString('latin1').replaceAll('conv1x1.matrix', 'conv1x1_matrix'), 'latin1'),
    );
    const { code, out: text } = await run('verify', out);
    expect(code).toBe(0);
    expect(text).toMatch(
      /\nno diagnosis of steps: onnx\/encode\.onnx: no weight "levels.0.steps.0.conv1x1.matrix".*\n.*every claim holds\n$/,
    );
  });

  test('names the file of golden values that is none', async () => {
    await exportModel(checkpoint, { out });
    rewrite('golden.safetensors', readFileSync(join(out, 'golden.safetensors')).subarray(0, -4));
    const { code, err } = await run('verify', out);
    expect(code).toBe(1);
    expect(err).toMatch(/^glow-export: verify: .*golden\.safetensors: safetensors: .*cut short\n$/);
  });

  test('writes NaN into JSON as a word', async () => {
    await exportModel(checkpoint, { out });
    const path = 'golden.safetensors';
    const golden = Uint8Array.from(readFileSync(join(out, path)));
    golden.fill(0xff, golden.length - 4); // the last number
    rewrite(path, golden);
    const { code, out: text } = await run('verify', out, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(text).measured.map(({ value }: { value: unknown }) => value)).toContain('NaN');
  });

  test('tells somebody at a terminal what it is at', async () => {
    await exportModel(checkpoint, { out });
    const told: string[] = [];
    const stderr = { isTTY: true, write: (line: string) => told.push(line) };
    expect(await main(['verify', out], '1.2.3', { stdout: { write: () => {} }, stderr })).toBe(0);
    expect(told).toEqual([
      'hashes of 5 files …\n',
      'onnx/encode.onnx on cpu …\n',
      'onnx/decode.onnx on cpu …\n',
      'every step on cpu …\n',
    ]);
  });

  test('keeps to the tolerances that the manifest states a factor for', async () => {
    await exportModel(checkpoint, { out, tolerance: 7 });
    const [first] = (await verifyFolder(out)).measured;
    expect(manifestOf().toleranceFactor).toBe(7);
    expect(first.tolerance).toBeCloseTo(7e-4, 8);
  });

  test.each<[string, string[], RegExp]>([
    ['a precision that is not there', ['--precision', 'fp16'], /has no "fp16" \(it has: fp32\)/],
    [
      'cuda, which is not installed',
      ['--device', 'cuda'],
      /not available here.*npm rebuild onnxruntime-node/,
    ],
  ])('says what to do about %s', async (_, argv, message) => {
    await exportModel(checkpoint, { out });
    const { code, err } = await run('verify', out, ...argv);
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });

  test('says that a folder is no model', async () => {
    const { code, err } = await run('verify', folder);
    expect(code).toBe(1);
    expect(err).toMatch(/has no manifest\.json; pass a model folder/);
  });
});

describe('what verify says of steps', () => {
  const diagnosisOf = async (...given: Parameters<typeof exportModel>) =>
    (await exportModel(...given)).diagnosis;

  test('is there for weights larger than an array can be', async () => {
    await exportModel(checkpoint, { out });
    const verifying = {
      folder: out,
      manifest: manifestOf(),
      golden: parseGolden(readFileSync(join(out, 'golden.safetensors'))),
    };
    const diagnosis = await diagnoseFolder(verifying);
    truncateSync(join(out, 'onnx/weights.bin'), 2 ** 33); // the rest is a hole
    expect(await diagnoseFolder(verifying)).toEqual(diagnosis);
  });

  test('is their condition, as float64 has it of the parameters', async () => {
    const weight = randomTensor([12, 12], createRandom(72));
    const name = 'levels.0.steps.1.conv1x1.weight';
    const { trainable, fixed } = checkpoint.params;
    const odd: Checkpoint = { ...checkpoint, params: { trainable: { ...trainable, [name]: weight }, fixed } };
    const diagnosis = await diagnosisOf(odd, { out, tolerance: 100 });
    const logScale = trainable['levels.0.steps.1.actnorm.logScale'].data;
    const folded = tensor(
      weight.shape,
      weight.data.map((value, i) => value * Math.exp(logScale[i % 12])),
    );
    const values = singularValues(folded);
    const expected = Math.max(...values) / Math.min(...values);
    const found = diagnosis.steps.find(({ step }) => step === 'levels.0.steps.1');
    expect(expected).toBeGreaterThan(5);
    expect((found?.conditionOfW ?? 0) / expected).toBeCloseTo(1, 2);
    // Level 1 takes all 12 channels of level 0 in: columns of zeros that must not count.
    const first = diagnosis.steps.find(({ step }) => step === 'levels.1.steps.0');
    const forward = forwardWeights(glow, float64Ops, odd.params);
    const scales = trainable['levels.1.steps.0.actnorm.logScale'].data;
    const own = forward['levels.1.steps.0.conv1x1'].matrix;
    const foldedFirst = singularValues(
      tensor(
        own.shape,
        own.data.map((value, i) => value * Math.exp(scales[i % 24])),
      ),
    );
    const condition = Math.max(...foldedFirst) / Math.min(...foldedFirst);
    expect((first?.conditionOfW ?? 0) / condition).toBeCloseTo(1, 2);
  });

  test('is the smallest scale and the largest activation, as a float64 run of the layers sees them', async () => {
    const diagnosis = await diagnosisOf(checkpoint, { out });
    const { tensors } = parseSafetensors(readFileSync(join(out, 'golden.safetensors')));
    const seen: Record<string, Float64Tensor> = {};
    const weights = forwardWeights(glow, float64Ops, checkpoint.params);
    let h = tensor(tensors.x.shape, Float64Array.from(tensors.x.data as Float32Array));
    for (const { name, layer } of glow.levels[0].layers) {
      const ops = {
        ...float64Ops,
        named: (value: Float64Tensor, own: string) => {
          seen[`${name}.${own}`] = value;
          return value;
        },
      };
      h = layer.forward(ops, h, weights[name]).y;
      seen[`${name}.y`] = h;
    }
    const place = 'levels.0.steps.1';
    const found = diagnosis.steps.find(({ step }) => step === place);
    const smallest = Math.exp(Math.min(...seen[`${place}.coupling.logScale`].data));
    expect((found?.smallestScale ?? 0) / smallest).toBeCloseTo(1, 4);
    const largest = Math.max(...seen[`${place}.coupling.y`].data.map(Math.abs));
    expect(found?.largestActivation).toBeGreaterThanOrEqual(largest * 0.999);
    expect(found?.largestActivation).toBeLessThan(largest * 3);
    expect(diagnosis.firstNonFiniteInDecode).toBeNull();
  });

  test('is the first step of decode that is not finite', async () => {
    await exportModel(checkpoint, { out });
    // Bias of the last level's middle step, small enough to be inside the graph: spoil it in the file.
    const path = 'onnx/decode.onnx';
    const { addFault } = faults;
    rewrite(path, addFault(readFileSync(join(out, path)), 'levels.1.steps.1.actnorm.inverseBias'));
    const { diagnosis, ok } = await verifyFolder(out);
    expect(ok).toBe(false);
    expect(diagnosis?.firstNonFiniteInDecode).toBe('levels.1.steps.1');
  });
});

/** Makes the first number of a weight infinite. */
const faults = {
  addFault(bytes: Uint8Array, name: string): Uint8Array {
    const copy = Buffer.from(bytes);
    const at = copy.lastIndexOf(Buffer.from(name)); // a tensor's raw data follow its name
    const raw = copy.indexOf(Buffer.from([0x4a]), at + name.length); // field 9, raw_data
    copy.writeFloatLE(Number.POSITIVE_INFINITY, raw + 2);
    return copy;
  },
};

describe('golden images', () => {
  const pixels = (seed: number, count = 64) => {
    const random = createRandom(seed);
    return Uint8Array.from({ length: 3 * count }, () => Math.floor(256 * random.uniform()));
  };

  test('are samples of the model unless pictures are asked for: no pixel and no path gets out', async () => {
    const picture = { data: pixels(73), width: 8, height: 8, channels: 3 };
    await writePng(join(folder, 'private', 'me.png'), picture);
    await exportModel({ ...checkpoint, training: { dataset: 'faces' } }, { out });
    const { tensors } = parseSafetensors(readFileSync(join(out, 'golden.safetensors')));
    const ours = (tensors.x.data as Float32Array).map((x) => Math.floor((x + 0.5) * 256));
    const chw = Array.from({ length: 3 }, (_, c) => [...picture.data].filter((_, i) => i % 3 === c)).flat();
    const distance = (image: number) =>
      chw.reduce((sum, pixel, i) => sum + Math.abs(pixel - ours[image * 192 + i]), 0) / 192;
    for (let image = 0; image < tensors.x.shape[0]; image++) expect(distance(image)).toBeGreaterThan(5);
    for (const file of [
      'manifest.json',
      'README.md',
      'config.json',
      'golden.safetensors',
      'onnx/encode.onnx',
    ]) {
      const text = readFileSync(join(out, file), 'latin1');
      expect(text).not.toContain(folder);
      expect(text).not.toContain('me.png');
    }
  });

  test('are the pictures of --images where asked for, as the centres of their bins', async () => {
    const picture = { data: pixels(74, 128), width: 16, height: 8, channels: 3 };
    await writePng(join(folder, 'pictures', 'a.png'), picture);
    await writePng(join(folder, 'pictures', 'b.png'), { ...picture, data: pixels(75, 128) });
    await exportModel(checkpoint, { out, images: [join(folder, 'pictures')] });
    const { tensors } = parseSafetensors(readFileSync(join(out, 'golden.safetensors')));
    expect(tensors.x.shape).toEqual([2, 3, 8, 16]);
    const x = tensors.x.data as Float32Array;
    const red = [...picture.data]
      .filter((_, i) => i % 3 === 0)
      .map((p) => Math.fround((p + 0.5) / 256 - 0.5));
    expect([...x.slice(0, 128)]).toEqual(red);
    expect(readFileSync(join(out, 'manifest.json'), 'utf8')).not.toContain(folder);
    expect((await verifyFolder(out)).ok).toBe(true);
  });

  test('of different sizes are an error that names one', async () => {
    const files = [8, 16].map((width) => join(folder, `${width}.png`));
    for (const [i, width] of [8, 16].entries()) {
      await writePng(files[i], { data: new Uint8Array(3 * 8 * width), width, height: 8, channels: 3 });
    }
    await expect(exportModel(checkpoint, { out, images: files })).rejects.toThrow(
      /16\.png is 8×16, the first is 8×8/,
    );
  });
});

test.each([1, 4, 12, 30])('the norm of a matrix of order %i is its largest singular value', (n) => {
  const matrix = randomTensor([n, n], createRandom(76 + n));
  expect(spectralNorm(matrix) / Math.max(...singularValues(matrix))).toBeCloseTo(1, 3);
  const padded = filled([n, 2 * n]);
  matrix.data.forEach((value, i) => {
    padded.data[Math.floor(i / n) * 2 * n + n + (i % n)] = value;
  });
  expect(spectralNorm(padded)).toBeCloseTo(spectralNorm(matrix), 3);
});

/** Singular values by Jacobi rotations of columns until all are orthogonal: a method unlike power iteration. */
function singularValues(matrix: Float64Tensor): number[] {
  const n = matrix.shape[1];
  const columns = Array.from({ length: n }, (_, j) =>
    Float64Array.from({ length: matrix.shape[0] }, (_, i) => matrix.data[i * n + j]),
  );
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const [a, b, c] = [
          dot(columns[p], columns[p]),
          dot(columns[q], columns[q]),
          dot(columns[p], columns[q]),
        ];
        if (Math.abs(c) < 1e-15 * Math.sqrt(a * b)) continue;
        const zeta = (b - a) / (2 * c);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const cos = 1 / Math.sqrt(1 + t * t);
        const sin = cos * t;
        [columns[p], columns[q]] = [
          columns[p].map((value, i) => cos * value - sin * columns[q][i]),
          columns[q].map((value, i) => sin * columns[p][i] + cos * value),
        ];
      }
    }
  }
  return columns.map((column) => Math.sqrt(dot(column, column)));
}
