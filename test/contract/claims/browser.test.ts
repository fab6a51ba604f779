import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tolerances } from '@glow-onnx/flow/internal';
import { build } from 'esbuild';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';
import { type checkClaims, claimsFor } from './claims.js';
import { expectedOf, writeModels } from './models.js';

const folder = mkdtempSync(join(tmpdir(), 'glow-claims-'));
let expected: Awaited<ReturnType<typeof expectedOf>>;
let program: string;

beforeAll(async () => {
  await writeModels(folder);
  expected = await expectedOf(folder);
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, 'in-page.ts')],
    bundle: true,
    format: 'iife',
    write: false,
  });
  program = outputFiles[0]?.text as string;
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** On WebGPU in a worker alone: SwiftShader is slow, and the page's own WebGPU has test/contract/browser/devices. */
const places = [
  { place: 'Chromium wasm, page', device: 'wasm', worker: false },
  { place: 'Chromium wasm, worker', device: 'wasm', worker: true },
  { place: 'Chromium webgpu, worker', device: 'webgpu', worker: true },
] as const;

describe.each(places)('$place', ({ device, worker }) => {
  describeBrowser('every claim', () => {
    const browser = useBrowser({ mounts: { '/claims/': `${folder}/` } });
    let results: Record<string, string | null>;
    beforeAll(async () => {
      await browser.page.addScriptTag({ content: program });
      results = await browser.run(
        async ({ glow, arg: { given, ...options } }) => {
          const { checkClaims: check } = globalThis as unknown as { checkClaims: typeof checkClaims };
          return check({
            ...given,
            load: (name, more) => glow.loadGlow(`/claims/${name}`, { ...options, ...more }),
            glow,
          });
        },
        {
          given: { device, isNamed: true, tolerances: tolerances[device].fp32, expected },
          device,
          worker,
        },
      );
    }, 240_000);

    test.each(claimsFor(device))('$name', ({ name }) => {
      expect(results[name]).toBeNull();
    });

    test('no request leaves the origin', () => {
      expect(browser.foreign).toEqual([]);
    });
  });
});
