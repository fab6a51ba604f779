import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundle } from '../../support/bundle.js';

/**
 * Gzipped, of our own code and what it depends on but ONNX Runtime. Of what a page gets at once: the code for image files
 * and for scores comes when it is first needed.
 */
const limitBytes = 40_000;
/** The same for a page that imports every name. Each chunk is compressed by itself, and that page has many. */
const limitOfAllBytes = 52_000;
const root = resolve(__dirname, '../../..');
const builds = ['onnxruntime-web/wasm', 'onnxruntime-web/webgpu'];

/** @param names what the page imports: all, or `loadGlow` as most do. */
function bundled(entry: string, names: 'all' | 'loadGlow'): { bytes: number; text: string } {
  const out = mkdtempSync(join(tmpdir(), 'glow-size-'));
  const source = `${root}/packages/runtime/src/${entry}.ts`;
  const page = `${out}.js`;
  writeFileSync(page, `export ${names === 'all' ? '*' : '{ loadGlow }'} from ${JSON.stringify(source)};`);
  bundle({
    input: { [entry]: page },
    out,
    minify: true,
    // The last is for pages without crypto.subtle: http, and not localhost.
    external: ['onnxruntime-common', ...builds, '@noble/hashes/sha2.js'],
  });
  const files = new Map(readdirSync(out).map((file) => [file, readFileSync(join(out, file), 'utf8')]));
  rmSync(out, { recursive: true });
  rmSync(page);
  const text = [...files.values()].join('\n');
  return { bytes: bytesAtOnce(files, `${entry}.js`), text };
}

/** Of a file and what it imports, but not of what it imports later, by `import()`. */
function bytesAtOnce(files: ReadonlyMap<string, string>, entry: string): number {
  const atOnce = new Set([entry]);
  for (const file of atOnce) {
    const code = files.get(file) as string;
    for (const [, found] of code.matchAll(/from\s*["'`]\.\/([^"'`]+)["'`]/g)) atOnce.add(found as string);
  }
  expect(atOnce.size).toBeLessThan(files.size);
  return [...atOnce].reduce((sum, file) => sum + gzipSync(files.get(file) as string).length, 0);
}

test.each([
  ['index', builds],
  ['wasm', ['onnxruntime-web/wasm']],
  ['webgpu', ['onnxruntime-web/webgpu']],
] as const)('%s is at most 40 kB to a browser, and brings no other builds than %j', (entry, expected) => {
  expect(bundled(entry, 'all').bytes).toBeLessThanOrEqual(limitOfAllBytes);
  const { bytes, text } = bundled(entry, 'loadGlow');
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(limitBytes);
  expect(builds.filter((build) => text.includes(build))).toEqual(expected);
});

test('a page and its worker get at most 40 kB each by Vite and by webpack', () => {
  const app = mkdtempSync(join(tmpdir(), 'glow-size-'));
  const program = resolve(__dirname, '../../support/bundled-sizes.mjs');
  const sizes = JSON.parse(execFileSync(process.execPath, [program, app], { encoding: 'utf8' }));
  rmSync(app, { recursive: true });
  for (const bundler of ['vite', 'webpack']) {
    for (const part of ['page', 'worker']) {
      expect(sizes[bundler][part]).toBeGreaterThan(10_000);
      expect(sizes[bundler][part]).toBeLessThanOrEqual(limitBytes);
    }
  }
}, 120_000);

test('importing the package does nothing by itself', () => {
  const out = mkdtempSync(join(tmpdir(), 'glow-size-'));
  bundle({ input: { nothing: 'test/system/packaging/import-only.ts' }, out, minify: true });
  const code = readFileSync(join(out, 'nothing.js'), 'utf8');
  rmSync(out, { recursive: true });
  expect(code.trim()).toBe('');
});
