import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tolerances } from '@glow-onnx/flow/internal';
import { build } from 'esbuild';
import { describeWebgpu, softwareDriver } from '../../support/vulkan-driver.js';
import { claimsFor } from './claims.js';
import { expectedOf, writeModels } from './models.js';

/** In the repository, where Node finds the packages. */
const root = join(__dirname, '../../..');
mkdirSync(join(root, 'out'), { recursive: true });
const folder = mkdtempSync(join(root, 'out/claims-'));
const program = join(folder, 'in-node.mjs');
let expected: Awaited<ReturnType<typeof expectedOf>>;

beforeAll(async () => {
  await writeModels(folder);
  expected = await expectedOf(folder);
  await build({
    entryPoints: [join(__dirname, 'in-node.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    external: ['@glow-onnx/*'],
    outfile: program,
  });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([{ device: 'cpu' }, { device: 'wasm' }] as const)('Node $device', ({ device }) => {
  checkClaims(device);
});
describeWebgpu('Node webgpu', () => checkClaims('webgpu', softwareDriver()));

function checkClaims(device: 'cpu' | 'wasm' | 'webgpu', env: Record<string, string> = {}): void {
  let results: Record<string, string | null>;
  beforeAll(async () => {
    const isNamed = device !== 'webgpu';
    const place = { device, isNamed, models: folder, tolerances: tolerances[device].fp32, expected };
    const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(place)], {
      env: { ...process.env, ...env },
    });
    results = JSON.parse(stdout);
  }, 120_000);

  test.each(claimsFor(device))('$name', ({ name }) => {
    expect(results[name]).toBeNull();
  });
}
