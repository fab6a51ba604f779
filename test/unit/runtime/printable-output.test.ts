import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { formatExport, formatVerification } from '../../../packages/exporter/src/format-report.js';
import { printableJson } from '../../../packages/runtime/src/cli/printable-output.js';
import { warnOnce } from '../../../packages/runtime/src/folder/warn-once.js';
import { labelsFor } from '../../../packages/runtime/src/model/labels.js';
import { createDisplay } from '../../../packages/trainer/src/cli/progress-display.js';
import { glow } from '../../support/glow-command.js';
import { glowExport } from '../../support/glow-export.js';
import { glowTrain } from '../../support/glow-train.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** Empties the screen, then forges a line, then turns the direction of reading. */
const hostile = 'x\u001b[2J\u009b2K\nforged: all is well\u202e';
const shown = 'x\\u{1b}[2J\\u{9b}2K\\u{a}forged: all is well\\u{202e}';
// Everything that a terminal obeys, and the turns, except line breaks.
const obeyed = /(?!\n)[\p{Cc}\p{Cf}]/u;

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'glow-printable-'));
});
afterAll(() => rm(work, { recursive: true }));

/** A copy of models/pixel-faces whose manifest says otherwise. */
async function withManifest(change: (manifest: Record<string, unknown>) => void): Promise<string> {
  const copy = await mkdtemp(join(work, 'model-'));
  await cp('models/pixel-faces', copy, { recursive: true });
  const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8'));
  Object.assign(manifest, { formatVersion: 1, checksum: undefined }); // a version that any text may change
  change(manifest);
  await writeFile(join(copy, 'manifest.json'), JSON.stringify(manifest));
  return copy;
}

describe('glow', () => {
  const signed = (manifest: Record<string, unknown>) => {
    manifest.producer = { name: hostile, version: hostile };
  };

  test('shows names of a manifest as text', async () => {
    const { code, out } = await glow('info', await withManifest(signed));
    expect(code).toBe(0);
    expect(out).toMatch(/^made by .*\\u\{1b\}\[2J/m);
    expect(out).not.toMatch(/^forged/m);
    expect(out).not.toMatch(obeyed);
  });

  test('prints JSON that a terminal shows, and that is the same value', async () => {
    const { out } = await glow('info', await withManifest(signed), '--json');
    expect(out).not.toMatch(obeyed);
    expect(JSON.parse(out).producer.name).toBe(hostile);
    expect(JSON.parse(printableJson({ '\u{e0041}\u007f': Number.NaN }, (_, v) => v ?? null))).toEqual({
      '\u{e0041}\u007f': null,
    });
  });

  test.each<[string, (manifest: Record<string, unknown>) => void, string[]]>([
    ['a field', (manifest) => Object.assign(manifest, { [hostile]: 1 }), []],
    ['a value', (manifest) => Object.assign(manifest, { producer: hostile }), []],
    ['a precision', ({ variants }) => Object.assign(variants as object, { [hostile]: 1 }), []],
  ])('shows an error that names %s as text', async (_, change) => {
    const { code, err } = await glow('info', await withManifest(change));
    expect(code).toBe(1);
    expect(err).toMatch(/^glow: .*\\u/);
    expect(err.trimEnd()).not.toMatch(/\n/);
    expect(err).not.toMatch(obeyed);
  });

  test('shows names of files, and of flags, as text', async () => {
    const images = join(work, hostile);
    await mkdir(images);
    await writeFile(join(images, `${hostile}.png`), 'none');
    for (const { code, out, err } of [
      await glow('score', 'models/pixel-faces', images),
      await glow('info', join(work, `none${hostile}`)),
      await glow('sample', 'models/pixel-faces', '--out', 'x.png', `--${hostile}`),
    ]) {
      expect(code).not.toBe(0);
      expect(err).toContain('\\u{1b}[2J');
      expect(out + err).not.toMatch(obeyed);
    }
  });
});

test('glow-export shows names of steps and files as text', async () => {
  const step = { step: hostile, conditionOfW: 1, smallestScale: 1, largestActivation: 1 };
  const claim = { claim: hostile, device: hostile, precision: 'fp32', value: 0, tolerance: 1 };
  const diagnosis = { steps: [step], firstNonFiniteInDecode: null };
  const report = {
    folder: 'model',
    ok: true,
    damaged: [hostile],
    measured: [{ ...claim, ok: true }],
    diagnosis,
  } as unknown as Parameters<typeof formatVerification>[0];
  const config = tinyConfig();
  const warnings = [hostile];
  const exported = { out: 'x', config, parameters: 1, files: [], measured: [claim], diagnosis, warnings };
  for (const text of [
    formatVerification(report, true),
    formatExport(exported as unknown as Parameters<typeof formatExport>[0], true),
  ]) {
    expect(text).toContain(shown);
    expect(text).not.toMatch(obeyed);
  }
  const { err } = await glowExport(join(work, `${hostile}.safetensors`), '--out', join(work, 'x'));
  expect(err).toMatch(/^glow-export: .*\\u\{1b\}/);
  expect(err).not.toMatch(obeyed);
});

test('glow-train shows names of files as text', async () => {
  let written = '';
  const stderr = new Writable({
    write(chunk, _, done) {
      written += chunk;
      done();
    },
  });
  const display = createDisplay({ stdout: stderr, stderr });
  display.opened({
    name: hostile,
    count: 1,
    channels: 1,
    height: 1,
    width: 1,
    skipped: [{ file: hostile, reason: hostile }],
    leftOut: [{ file: hostile, reason: '.heic' }],
  } as unknown as Parameters<typeof display.opened>[0]);
  display.warning(hostile);
  expect(written).toContain(`skipped ${shown}: ${shown}`);
  expect(written).not.toMatch(obeyed);
  const { stderr: err } = await glowTrain('--data', join(work, `none${hostile}`), '--out', join(work, 'run'));
  expect(err).toMatch(/glow-train: .*\\u\{1b\}/);
  expect(err).not.toMatch(obeyed);
});

test('errors and warnings of the library show names of a model as text', () => {
  const model = {
    config: tinyConfig({ classes: 2, prior: 'learned', topPrior: 'channel' }),
    training: { classNames: ['cat', hostile] },
  };
  expect(() => labelsFor(model, 'dog', 1, 'sample')).toThrow(/"x\\u001b\[2J\\u\{9b\}/);
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
  warnOnce(hostile);
  expect(warn.mock.calls).toEqual([[`glow-onnx: ${shown}`]]);
  warn.mockRestore();
});
