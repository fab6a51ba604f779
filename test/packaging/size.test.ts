import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundle } from '../browser/bundle.js';

/** Gzipped, of our own code and what it depends on but ONNX Runtime. */
const limitBytes = 40_000;

test.each(['index', 'wasm', 'webgpu'])('a browser downloads at most 40 kB of our own code: %s', (entry) => {
  const out = mkdtempSync(join(tmpdir(), 'glow-size-'));
  bundle({
    input: { [entry]: `packages/runtime/src/${entry}.ts` },
    out,
    minify: true,
    external: ['onnxruntime-common', 'onnxruntime-web/wasm', 'onnxruntime-web/webgpu'],
  });
  const sizes = readdirSync(out).map((file) => gzipSync(readFileSync(join(out, file))).length);
  rmSync(out, { recursive: true });
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(limitBytes);
});
