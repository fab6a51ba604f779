import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { npm, tarballs } from '../../support/installed-app.js';

/** The command glow-onnx, packed and installed into an empty folder: training and export without a clone. */
const root = resolve(__dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'glow-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  npm(folder, 'install', '--ignore-scripts', 'onnxruntime-node', ...Object.values(tarballs()));
  mkdirSync(join(folder, 'photos'));
  const sheet = sharp(join(root, 'models/pixel-faces/faces.png'));
  for (let i = 0; i < 40; i++) {
    const tile = sheet.clone().extract({ left: 16 * i, top: 0, width: 16, height: 16 });
    await tile.png().toFile(join(folder, 'photos', `${i}.png`));
  }
}, 300_000);

/** npx runs what is installed, and asks nobody. */
function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('npx', ['--no-install', 'glow-onnx', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0)
    throw new Error(`glow-onnx ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

test('trains, exports, verifies, samples and scores', () => {
  const small = ['--levels', '2', '--steps', '2', '--hidden', '16', '--batch', '8', '--epochs', '2'];
  expect(run('train', '--data', 'photos', '--size', '16x16', '--out', 'runs/mine', ...small)).toMatch(
    /all epochs done/,
  );
  run('export', 'runs/mine/best.safetensors', '--out', 'my-model');
  expect(run('verify', 'my-model')).toMatch(/hold/);
  run('sample', 'my-model', '--count', '4', '--out', 'samples.png');
  run('encode', 'my-model', 'photos/0.png', '--out', 'face.safetensors');
  run('decode', 'my-model', 'face.safetensors', '--out', 'decoded');
  expect(run('score', 'my-model', 'photos/0.png')).toContain('0.png');
  expect(readdirSync(folder)).toEqual(
    expect.arrayContaining(['samples.png', 'face.safetensors', 'decoded', 'my-model', 'runs']),
  );
}, 120_000);

test.each(['glow', 'glow-train', 'glow-export'])('%s is there under its older name, too', (name) => {
  const { status, stdout } = spawnSync('npx', ['--no-install', name, '--help'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining(`Usage: ${name} `) });
});
