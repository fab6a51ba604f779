import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel, verifyFolder } from '@glow-onnx/exporter';
import { type Checkpoint, createGlow, parseManifest } from '@glow-onnx/flow';
import { main } from '../../../packages/exporter/src/main.js';
import { alterFile, alterManifest } from '../../support/altered-folder.js';
import { glowExport as run } from '../../support/glow-export.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ steps: 3, conv1x1: 'full' });
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

/** A graph in which a name has become another one of the same length. */
function renamed(graph: Uint8Array, from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(graph).toString('latin1').replaceAll(from, to), 'latin1');
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

  const wherePipes = process.platform === 'win32' ? test.skip : test;

  wherePipes.each(['manifest.json', 'config.json', 'golden.safetensors', 'onnx/encode.onnx'])(
    'does not wait for the writer of a pipe in the place of %s',
    async (path) => {
      await exportModel(checkpoint, { out });
      rmSync(join(out, path));
      execFileSync('mkfifo', [join(out, path)]);
      const { code, out: text, err } = await run('verify', out);
      expect(code).toBe(1);
      expect(text + err).toContain(`${path} is not a file`);
      if (path === 'manifest.json')
        await expect(exportModel(checkpoint, { out, force: true })).rejects.toThrow('not part of a model');
    },
  );

  test('exits with 1 for weights that are another model, hashes right', async () => {
    await exportModel(checkpoint, { out });
    await alterFile(out, 'onnx/weights.bin', (file) => {
      const bytes = Uint8Array.from(file);
      new Float32Array(bytes.buffer)[5] += 0.05;
      return bytes;
    });
    const report = await verifyFolder(out);
    expect(report.damaged).toEqual([]);
    expect(report.ok).toBe(false);
    expect((await run('verify', out)).code).toBe(1);
  });

  test('exits with 1 for a file that the manifest does not tell the hash of', async () => {
    await exportModel(checkpoint, { out });
    await alterManifest(out, ({ files, ...manifest }) => ({
      ...manifest,
      files: files.filter(({ path }) => path !== 'onnx/decode.onnx'),
    }));
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
    await alterFile(out, 'onnx/encode.onnx', (bytes) => renamed(bytes, 'log_prob', 'lag_prob'));
    const { code, out: text } = await run('verify', out);
    expect(code).toBe(1);
    expect(text).toMatch(
      /^damaged: onnx\/encode\.onnx is not a graph of this model; export the model again: expected the outputs z0, z1, log_prob, .*, got z0, z1, lag_prob, .*\n.*BROKEN\n$/,
    );
  });

  test('holds graphs with names of another tool to their claims, and says that it cannot tell steps', async () => {
    await exportModel(checkpoint, { out });
    await alterFile(out, 'onnx/encode.onnx', (bytes) => renamed(bytes, 'conv1x1.matrix', 'conv1x1_matrix'));
    const { code, out: text } = await run('verify', out);
    expect(code).toBe(0);
    expect(text).toMatch(
      /\nsteps not diagnosed: onnx\/encode\.onnx: no weight "levels.0.steps.0.conv1x1.matrix".*\n.*every claim holds\n$/,
    );
  });

  test('names the file of golden values that is none', async () => {
    await exportModel(checkpoint, { out });
    await alterFile(out, 'golden.safetensors', (bytes) => bytes.subarray(0, -4));
    const { code, err } = await run('verify', out);
    expect(code).toBe(1);
    expect(err).toMatch(/^glow-export: verify: .*golden\.safetensors: safetensors: .*cut short\n$/);
  });

  test('writes NaN into JSON as a word', async () => {
    await exportModel(checkpoint, { out });
    await alterFile(out, 'golden.safetensors', (bytes) => bytes.fill(0xff, bytes.length - 4)); // the last number
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
