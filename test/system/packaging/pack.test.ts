import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createGlow, encodeCheckpoint } from '@glow-onnx/flow';
import {
  moduleFormats,
  npm,
  type PackageName,
  restoringProgram,
  tarballs,
} from '../../support/installed-app.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** Packages as users get them: packed, and installed from the registry's dependencies into an empty folder. */
const root = resolve(__dirname, '../../..');
const names: readonly PackageName[] = [
  'flow',
  'graph',
  'runtime',
  'exporter',
  'trainer',
  'serve',
  'glow-onnx',
];

const folder = mkdtempSync(join(tmpdir(), 'glow-pack-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Locked {
  readonly version: string;
  readonly hasInstallScript?: boolean;
}

/** Path in node_modules → package, of what npm chose for an empty project with these packages. */
function install(project: string, packages: readonly PackageName[], ...flags: string[]): Map<string, Locked> {
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  npm(project, 'install', '--ignore-scripts=false', ...flags, ...packages.map((name) => tarballs()[name]));
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  return new Map(Object.entries(lock.packages).filter(([path]) => path !== ''));
}

/** onnxruntime-web brings protobufjs 7, whose script compares version numbers in package.json and does nothing else. */
const harmless = /\/protobufjs$/;

function expectNoScriptsNorOldProtobuf(installed: ReadonlyMap<string, Locked>): void {
  const entries = [...installed];
  const scripts = entries.filter(([path, { hasInstallScript }]) => hasInstallScript && !harmless.test(path));
  expect(scripts.map(([path]) => path)).toEqual([]);
  const old = entries.filter(
    ([path, { version }]) => path.endsWith('/protobufjs') && isBefore(version, [7, 5, 5]),
  );
  expect(old).toEqual([]);
}

function isBefore(version: string, limit: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  const at = limit.findIndex((part, i) => parts[i] !== part);
  return at >= 0 && (parts[at] as number) < (limit[at] as number);
}

describe('the packed exporter, installed into an empty folder with scripts allowed', () => {
  const project = join(folder, 'exporter');
  let installed: Map<string, Locked>;
  beforeAll(() => {
    installed = install(project, ['flow', 'graph', 'runtime', 'exporter']);
  }, 180_000);

  test('brings no install script that matters, and no protobufjs below 7.5.5', () => {
    expect([...installed.keys()]).toEqual(
      expect.arrayContaining(['node_modules/@glow-onnx/exporter', 'node_modules/protobufjs']),
    );
    expectNoScriptsNorOldProtobuf(installed);
  });

  test('does not bring what runs graphs or reads pictures: those are optional peers', () => {
    for (const name of ['onnxruntime-node', 'sharp', 'onnx-proto'])
      expect(installed.has(`node_modules/${name}`)).toBe(false);
  });

  test.each([
    '@glow-onnx/flow',
    '@glow-onnx/graph',
    '@glow-onnx/runtime',
    '@glow-onnx/runtime/session',
    '@glow-onnx/exporter',
  ])('can be imported: %s', (name) => {
    const script = `console.log(Object.keys(await import('${name}')).length > 0)`;
    const args = ['--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' })).toBe('true\n');
  });

  test.each(moduleFormats)(
    'restores a picture without onnxruntime-node, in WebAssembly, with one warning: $format',
    ({ file, start }) => {
      writeFileSync(join(project, file), restoringProgram(start));
      const { stdout, stderr } = spawnSync(process.execPath, [file], { cwd: project, encoding: 'utf8' });
      expect(stdout).toBe('wasm 0\n');
      expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/onnxruntime-node/)]);
    },
  );

  test('says what to install when ONNX Runtime is not there, and leaves nothing behind', () => {
    const config = tinyConfig();
    const params = randomParams(createGlow(config), 1);
    writeFileSync(join(project, 'best.safetensors'), encodeCheckpoint({ config, params, initialised: true }));
    const before = readdirSync(project).sort();
    const command = join(project, 'node_modules/.bin/glow-export');
    const { status, stderr } = spawnSync(command, ['best.safetensors', '--out', 'model'], {
      cwd: project,
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^glow-export: .*npm install onnxruntime-node --ignore-scripts\n$/);
    expect(status).toBe(1);
    expect(readdirSync(project).sort()).toEqual(before);
  });
});

test('all packages together bring no install script that matters, and no protobufjs below 7.5.5', () => {
  expectNoScriptsNorOldProtobuf(install(join(folder, 'all'), names, '--package-lock-only'));
}, 180_000);

test.each(names)('publint finds nothing to say about %s', (name) => {
  const publint = join(root, 'node_modules/.bin/publint');
  const { status, stdout, stderr } = spawnSync(publint, ['run', join('packages', name), '--strict'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(`${status} ${stdout}${stderr}`).toMatch(/^0 .*All good!/s);
});

test('versions are compared by number', () => {
  expect(['6.11.4', '7.5.4', '7.5.5', '7.10.0', '8.0.0'].map((v) => isBefore(v, [7, 5, 5]))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
