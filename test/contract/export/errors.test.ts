import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkpoint, createGlow, encodeCheckpoint, initialParams } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors, type SafetensorsInput } from '@glow-onnx/flow/internal';
import { glowExport as run } from '../../support/glow-export.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ channels: 3, levels: 2, conv1x1: 'full' });
const good: Checkpoint = { config, params: randomParams(createGlow(config), 81), initialised: true };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'glow-errors-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Tensors = Record<string, SafetensorsInput>;

/** The good checkpoint's file with its tensors or metadata changed. */
function spoiled(change: (tensors: Tensors, metadata: Record<string, string>) => void): Uint8Array {
  const { tensors, metadata } = parseSafetensors(encodeCheckpoint(good));
  const copies: Tensors = Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape: [...shape], data: data.slice() } as SafetensorsInput,
    ]),
  );
  const texts = { ...metadata };
  change(copies, texts);
  return encodeSafetensors(copies, texts);
}

/** A checkpoint whose export takes long enough to be interrupted. */
function deepCheckpoint(): Uint8Array {
  const of = tinyConfig({ conv1x1: 'full', steps: 16, hiddenChannels: 64 });
  return encodeCheckpoint({ config: of, params: initialParams(createGlow(of), 82), initialised: true });
}

const matrix = 'levels.1.steps.0.conv1x1.weight';
const bias = 'levels.0.steps.1.coupling.conv2.bias';

describe('glow-export fails in one line, with exit code 1, and leaves nothing', () => {
  test.each<[string, () => Uint8Array, RegExp]>([
    [
      'cut short',
      () => encodeCheckpoint(good).slice(0, -1000),
      /safetensors: .*(ends|bytes|beyond|past|file)/,
    ],
    [
      'with a tensor too many',
      () => spoiled((t) => Object.assign(t, { 'levels.9.extra': t[bias] })),
      /levels\.9\.extra/,
    ],
    [
      'that is a picture',
      () => Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]),
      /this is a PNG picture; the file is not safetensors/,
    ],
    [
      'as PyTorch saves it, cut short',
      () => Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0]),
      /zip: the list of entries is missing; the file is cut short/,
    ],
    ['with a tensor too few', () => spoiled((t) => delete t[bias]), new RegExp(bias.replaceAll('.', '\\.'))],
    [
      'with a wrong shape',
      () => spoiled((t) => Object.assign(t, { [bias]: { ...t[bias], shape: [2, 4] } })),
      /levels\.0\.steps\.1\.coupling\.conv2\.bias.*\[?2, 4/,
    ],
    [
      'with NaN',
      () => spoiled((t) => (t[bias].data as Float32Array).fill(Number.NaN)),
      /levels\.0\.steps\.1\.coupling\.conv2\.bias.*NaN/,
    ],
    [
      'never initialised',
      () => encodeCheckpoint({ ...good, initialised: false }),
      /actnorms of this checkpoint have not seen a first batch/,
    ],
    [
      'with a singular W',
      () => spoiled((t) => (t[matrix].data as Float32Array).fill(0)),
      /levels\.1\.steps\.0\.conv1x1: the matrix is singular: pivot \d+ is 0/,
    ],
    [
      'with a W that is singular but for rounding',
      () =>
        spoiled((t) => {
          const { data } = t[matrix];
          for (let j = 0; j < 24; j++) data[24 + j] = data[j];
        }),
      /levels\.1\.steps\.0\.conv1x1: the matrix is singular: pivot \d+ is|cond\(W\)/,
    ],
    [
      'of an unknown version',
      () => spoiled((_, metadata) => Object.assign(metadata, { version: '7' })),
      /version.*7/,
    ],
    [
      'of an unknown config',
      () =>
        spoiled((_, metadata) =>
          Object.assign(metadata, { config: JSON.stringify({ ...config, conv1x1: 'fourier' }) }),
        ),
      /config.*conv1x1/,
    ],
  ])('for a checkpoint %s', async (_, bytes, message) => {
    const path = join(folder, 'in.safetensors');
    writeFileSync(path, bytes());
    const { code, out, err } = await run(path, '--out', join(folder, 'deep', 'model'), '--precision', 'fp16');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^glow-export: [^\n]*\n$/);
    expect(err).toMatch(message);
    expect(readdirSync(folder)).toEqual(['in.safetensors']);
  });

  test.each<[string, (place: string) => void, RegExp]>([
    [
      'exists',
      (place) => {
        mkdirSync(place);
        writeFileSync(join(place, 'notes.txt'), 'mine');
      },
      /exists; pass --force to replace it, or another --out/,
    ],
    [
      'is a file',
      (place) => writeFileSync(place, 'mine'),
      /is a file, expected a folder that does not exist yet/,
    ],
  ])('where the output %s, which stays as it is', async (_, make, message) => {
    const path = join(folder, 'in.safetensors');
    writeFileSync(path, encodeCheckpoint(good));
    make(join(folder, 'model'));
    const { code, err } = await run(path, '--out', join(folder, 'model'));
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(readdirSync(folder).sort()).toEqual(['in.safetensors', 'model']);
  });

  test('where the output is a link to nothing', async () => {
    const path = join(folder, 'in.safetensors');
    writeFileSync(path, encodeCheckpoint(good));
    symlinkSync(join(folder, 'nothing'), join(folder, 'model'));
    const { code, err } = await run(path, '--out', join(folder, 'model'), '--force');
    expect(code).toBe(1);
    expect(err).toMatch(/model is a link to a path that does not exist/);
    expect(readdirSync(folder).sort()).toEqual(['in.safetensors', 'model']);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('when %s comes', async (signal) => {
    const path = join(folder, 'in.safetensors');
    writeFileSync(path, deepCheckpoint());
    const command = join(__dirname, '../../../packages/exporter/bin/glow-export.js');
    const child = spawn(process.execPath, [command, path, '--out', join(folder, 'deep', 'model')]);
    const ended = once(child, 'exit');
    const begun = () => existsSync(join(folder, 'deep')) && readdirSync(join(folder, 'deep')).length > 0;
    while (!begun() && child.exitCode === null) await new Promise((next) => setTimeout(next, 10));
    expect(existsSync(join(folder, 'deep', 'model'))).toBe(false);
    child.kill(signal);
    expect(await ended).toEqual([{ SIGINT: 130, SIGTERM: 143 }[signal], null]);
    expect(readdirSync(folder)).toEqual(['in.safetensors']);
  });

  test('where the output cannot be written', async () => {
    const path = join(folder, 'in.safetensors');
    writeFileSync(path, encodeCheckpoint(good));
    // A file where a folder would have to be: refused for root too.
    const { code, err } = await run(path, '--out', join(path, 'model'));
    expect(code).toBe(1);
    expect(err).toMatch(
      /^glow-export: .*in\.safetensors\/model cannot be written: .* \((ENOTDIR|EEXIST)\)\n$/,
    );
    expect(readdirSync(folder)).toEqual(['in.safetensors']);
  });

  test('where the disk is full', async () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24k', 'tmpfs', disk]);
    if (mounted.status !== 0) {
      // Only root may mount; elsewhere a file size of zero has the same effect on no platform, so say so.
      console.warn(`full disk: not tried: ${mounted.error?.message ?? mounted.stderr.toString().trim()}`);
      return;
    }
    try {
      const path = join(folder, 'in.safetensors');
      writeFileSync(path, encodeCheckpoint(good));
      const { code, err } = await run(path, '--out', join(disk, 'model'));
      expect(code).toBe(1);
      expect(err).toMatch(/^glow-export: .*\/disk\/model cannot be written: the disk is full \(ENOSPC\)\n$/);
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      spawnSync('umount', [disk]);
    }
    expect(existsSync(disk)).toBe(true);
  });
});
