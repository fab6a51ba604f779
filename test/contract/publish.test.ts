import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(__dirname, '../..');
const packages = readdirSync(join(root, 'packages')).map((name) =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')),
);

/** A registry that has no package: no login, no network and no version that is published already is in the way. */
let registry: Server;
let address: string;
const asked: string[] = [];
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glow-publish-'));
  registry = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((listening) => registry.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
});
afterAll(() => {
  registry.close();
  rmSync(folder, { recursive: true });
});

/** Of all packages, with nobody's configuration. */
function npm(...args: string[]) {
  const flags = ['--workspaces', '--userconfig', join(folder, 'npmrc'), '--cache', join(folder, 'cache')];
  return promisify(execFile)('npm', [...args, ...flags, '--json', '--loglevel', 'notice'], { cwd: root });
}

test('npm packs every package', async () => {
  const { stdout } = await npm('pack', '--pack-destination', folder);
  const packed = JSON.parse(stdout) as { name: string; version: string }[];
  expect(packed.map(({ name }) => name).sort()).toEqual(packages.map(({ name }) => name).sort());
}, 60_000);

test('npm would publish every package as it is, and corrects nothing in it', async () => {
  const { stdout, stderr } = await npm('publish', '--dry-run', '--access', 'public', '--registry', address);
  const published = Object.keys(JSON.parse(stdout));
  expect(published.sort()).toEqual(packages.map(({ name }) => name).sort());
  // npm 11 drops a command whose path begins with "./", with a warning.
  const lines = stderr.split('\n').filter((line) => line.startsWith('npm warn'));
  const complaints = lines.filter((line) => !line.includes('requires you to be logged in'));
  expect(complaints).toEqual([]);
  expect(asked.filter((request) => !request.startsWith('GET '))).toEqual([]);
}, 60_000);

test('the commands that users run are in the packages', () => {
  const commands = packages.flatMap(({ name, bin = {} }) =>
    Object.entries<string>(bin).map(([command, path]) => `${name} ${command} ${path}`),
  );
  expect(commands.sort()).toEqual([
    '@glow-onnx/exporter glow-export bin/glow-export.js',
    '@glow-onnx/runtime glow bin/glow.js',
    '@glow-onnx/serve glow-serve bin/glow-serve.js',
    '@glow-onnx/trainer glow-train bin/glow-train.js',
    'glow-onnx glow-onnx bin/glow-onnx.js',
  ]);
});
