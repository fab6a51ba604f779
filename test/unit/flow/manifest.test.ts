import { parseManifest } from '@glow-onnx/flow';
import { encodeManifest, latentShapes } from '@glow-onnx/flow/internal';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ channels: 3, levels: 2 });
const facts = {
  producer: { name: '@glow-onnx/exporter', version: '0.1.0' },
  config,
  variants: { fp32: { encode: 'onnx/encode.onnx', decode: 'onnx/decode.onnx', weights: 'onnx/weights.bin' } },
  files: [{ path: 'onnx/encode.onnx', bytes: 10, sha256: 'a'.repeat(64) }],
  training: null,
  measured: [],
};
const text = encodeManifest(facts);
const { checksum, ...stated } = JSON.parse(text);
/** Version 1 has no checksum, so a change reaches the check of its own field. */
const older = { ...stated, formatVersion: 1 };

test('a manifest survives its text, with what follows from its config', () => {
  expect(parseManifest(text)).toEqual(stated);
  expect(stated).toMatchObject({
    formatVersion: 2,
    ...facts,
    latents: [
      { name: 'z0', channels: 6, downscale: 2 },
      { name: 'z1', channels: 24, downscale: 4 },
    ],
    preprocessing: { bits: 5, formula: 'x = (floor(p / 8) + 0.5) / 32 - 0.5', height: 8 },
  });
});

test('latents of 3×8×16 and two levels are 6×4×8 and 24×2×4', () => {
  expect(latentShapes(config, 5, 8, 16)).toEqual([
    [5, 6, 4, 8],
    [5, 24, 2, 4],
  ]);
});

describe('the checksum', () => {
  test('is the CRC-32 of the other fields as JSON without spaces', () => {
    // By zlib.crc32 of Python.
    expect(crcOf('{"formatVersion":2}')).toBe('crc32:28cf8187');
    expect(checksum).toBe(crcOf(JSON.stringify(stated)));
  });

  test('does not change with spaces, and does with any value and any order of fields', () => {
    expect(parseManifest(JSON.stringify(JSON.parse(text)))).toEqual(stated);
    const { license, ...rest } = { ...stated, license: 'MIT', checksum };
    for (const changed of [
      { ...rest, license },
      { checksum, ...stated, training: {} },
    ]) {
      expect(() => parseManifest(JSON.stringify(changed))).toThrow(/manifest\.json: its checksum differs/);
    }
  });

  test('is required in version 2 and unknown in version 1', () => {
    expect(() => parseManifest(JSON.stringify(stated))).toThrow(/checksum differs/);
    expect(() => parseManifest(JSON.stringify({ ...older, checksum }))).toThrow(/checksum differs/);
  });
});

test.each<[object, RegExp]>([
  [
    { formatVersion: 3 },
    /format version 3 is newer than this release knows \(1 to 2\); update the @glow-onnx packages/,
  ],
  [{ formatVersion: 0 }, /expected format version 1 to 2, got 0; the file is damaged/],
  [{ formatVersion: 1.5 }, /expected format version 1 to 2, got 1\.5/],
  [{ formatVersion: null }, /expected format version 1 to 2, got null/],
  [{ colours: 3 }, /\(whole\): unknown field, got colours/],
  [{ files: [{ path: '../secret', bytes: 1, sha256: 'a'.repeat(64) }] }, /files\.0\.path/],
  [{ files: [{ path: '/etc/passwd', bytes: 1, sha256: 'a'.repeat(64) }] }, /files\.0\.path/],
  [{ files: [{ path: 'a//../b', bytes: 1, sha256: 'a'.repeat(64) }] }, /files\.0\.path/],
  [
    { files: [{ path: 'a', bytes: -1, sha256: 'a'.repeat(64) }] },
    /files\.0\.bytes: expected at least 0, got -1/,
  ],
  [{ files: [{ path: 'a', bytes: 1, sha256: 'x' }] }, /files\.0\.sha256/],
  [{ files: [facts.files[0], facts.files[0]] }, /files: onnx\/encode\.onnx is listed twice/],
  [{ files: new Array(1001).fill({}) }, /files: expected at most 1000 entries, got 1001/],
  [{ measured: new Array(120_000).fill(0) }, /measured: expected at most 1000 entries, got 120000/],
  [{ variants: { fp32: { encode: 'a' } } }, /variants\.fp32\.decode: expected string/],
  [{ config: { ...config, bits: 12 } }, /config: bits: expected at most 8, got 12/],
  [{ config: { ...config, version: 2 } }, /config: format version 2 is newer than this release knows \(1\)/],
  [
    { config: { ...config, bits: 4 } },
    /preprocessing\.bits: expected 4, which follows from the config, got 5/,
  ],
  [{ latents: [stated.latents[0]] }, /latents: expected \[.*"z1".*\], which follows from the config, got \[/],
  [
    { latents: [stated.latents[0], { ...stated.latents[1], channels: 12 }] },
    /latents\.1\.channels: expected 24, .* got 12/,
  ],
  [
    { preprocessing: { ...stated.preprocessing, range: [0, 1] } },
    /preprocessing\.range\.0: expected -0\.484375, .* got 0/,
  ],
])('a manifest with a wrong field is refused: %#', (change, message) => {
  expect(() => parseManifest(JSON.stringify({ ...older, ...change }))).toThrow(message);
});

test('a manifest of version 1 loads, with and without preprocessing', () => {
  expect(parseManifest(JSON.stringify(older))).toEqual(older);
  const { preprocessing, ...without } = older;
  expect(parseManifest(JSON.stringify(without))).toEqual(older);
});

test('keys of the prototype change nothing', () => {
  const variant = facts.variants.fp32;
  const named = (variants: string, training: string) =>
    JSON.stringify({ ...older, variants: 0, training: 1 })
      .replace('"variants":0', `"variants":${variants}`)
      .replace('"training":1', `"training":${training}`);
  const own = JSON.stringify(variant);
  const { variants, training } = parseManifest(
    named(`{"fp32":${own},"__proto__":${own}}`, '{"__proto__":{"classNames":["a"]},"constructor":1}'),
  );
  expect(Object.getPrototypeOf(variants)).toBe(Object.prototype);
  expect(variants.encode).toBeUndefined();
  expect(training?.classNames).toBeUndefined();
  expect(Object.getPrototypeOf({})).toBe(Object.getPrototypeOf(stated));
});

test('what parseManifest would refuse is not written', () => {
  const training = { classNames: Array.from({ length: 200_000 }, (_, i) => `${i}`) };
  expect(() => encodeManifest({ ...facts, training })).toThrow(/manifest\.json: expected at most/);
  expect(() => encodeManifest({ ...facts, config: { ...config, bits: 9 } })).toThrow(/config: bits/);
});

test('text that is not JSON is refused', () => {
  expect(() => parseManifest('{"formatVersion": 1')).toThrow('manifest.json: not valid JSON');
  expect(() => parseManifest(Uint8Array.of(0x7b, 0xff, 0x7d))).toThrow(
    'manifest.json: not valid JSON in UTF-8',
  );
});

/** Written apart from the code under test: bit by bit, without a table. */
function crcOf(content: string): string {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(content)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return `crc32:${((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0')}`;
}
