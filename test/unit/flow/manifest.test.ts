import { parseManifest } from '@glow-onnx/flow';
import { latentShapes } from '@glow-onnx/flow/internal';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ channels: 3, levels: 2 });
const manifest = {
  formatVersion: 1,
  producer: { name: '@glow-onnx/exporter', version: '0.1.0' },
  config,
  latents: [{ name: 'z0', channels: 6, downscale: 2 }],
  variants: { fp32: { encode: 'onnx/encode.onnx', decode: 'onnx/decode.onnx', weights: 'onnx/weights.bin' } },
  files: [{ path: 'onnx/encode.onnx', bytes: 10, sha256: 'a'.repeat(64) }],
  training: null,
  measured: [],
};

test('a manifest survives its JSON', () => {
  expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
});

test('latents of 3×8×16 and two levels are 6×4×8 and 24×2×4', () => {
  expect(latentShapes(config, 5, 8, 16)).toEqual([
    [5, 6, 4, 8],
    [5, 24, 2, 4],
  ]);
});

test.each([
  [{ formatVersion: 2 }, /format version 2 is not known here \(known: 1\)/],
  [{ files: [{ path: '../secret', bytes: 1, sha256: 'a'.repeat(64) }] }, /files\.0\.path/],
  [{ files: [{ path: '/etc/passwd', bytes: 1, sha256: 'a'.repeat(64) }] }, /files\.0\.path/],
  [{ files: [{ path: 'a//../b', bytes: 1, sha256: 'a'.repeat(64) }] }, /files\.0\.path/],
  [
    { files: [{ path: 'a', bytes: -1, sha256: 'a'.repeat(64) }] },
    /files\.0\.bytes: expected at least 0, got -1/,
  ],
  [{ files: [{ path: 'a', bytes: 1, sha256: 'x' }] }, /files\.0\.sha256/],
  [{ variants: { fp32: { encode: 'a' } } }, /variants\.fp32\.decode: expected string/],
  [{ config: { ...config, bits: 12 } }, /config: bits: expected at most 8, got 12/],
])('a manifest with %j is refused', (change, message) => {
  expect(() => parseManifest(JSON.stringify({ ...manifest, ...change }))).toThrow(message);
});

test('text that is not JSON is refused', () => {
  expect(() => parseManifest('{"formatVersion": 1')).toThrow('manifest.json: not valid JSON');
});
