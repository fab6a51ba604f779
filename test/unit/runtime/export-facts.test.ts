import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyFolder } from '@glow-onnx/exporter';
import type { ManifestFacts } from '@glow-onnx/flow/internal';
import { loadGlow } from '@glow-onnx/runtime/node';
import { onnx } from 'onnx-proto';
import { alterFile, alterManifest } from '../../support/altered-folder.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

let fixture: ModelFixture;
let work: string;
beforeAll(async () => {
  const config = tinyConfig({ steps: 1, hiddenChannels: 4 });
  fixture = await writeModelFixture(config, 1, { precision: ['fp32', 'fp16-weights'], license: 'MIT' });
  work = await mkdtemp(join(tmpdir(), 'glow-facts-'));
});
afterAll(async () => {
  await fixture.remove();
  await rm(work, { recursive: true });
});

async function copyOf(change: (folder: string) => Promise<void>): Promise<string> {
  const folder = await mkdtemp(join(work, 'copy-'));
  await cp(fixture.directory, folder, { recursive: true });
  await change(folder);
  return folder;
}

const manifestWith = (change: (manifest: ManifestFacts) => Partial<ManifestFacts>) =>
  copyOf((folder) => alterManifest(folder, (manifest) => ({ ...manifest, ...change(manifest) })));

/** With the graph's metadata changed, and the manifest made to agree. */
const metadataWith = (change: (metadata: Map<string, string>) => void) =>
  copyOf((folder) =>
    alterFile(folder, 'onnx/decode.onnx', (bytes) => {
      const model = onnx.ModelProto.decode(bytes);
      const metadata = new Map((model.metadataProps ?? []).map(({ key, value }) => [`${key}`, `${value}`]));
      change(metadata);
      model.metadataProps = [...metadata].map(([key, value]) => ({ key, value }));
      return onnx.ModelProto.encode(model).finish();
    }),
  );

// All of these folders have right hashes and a right checksum. Most would pass the self-test and give other images.
test.each<[string, () => Promise<string>, string]>([
  [
    'bits',
    () => manifestWith(({ config }) => ({ config: { ...config, bits: 1 } })),
    'onnx/encode.onnx was exported with config.bits 5, manifest.json says 1; copy the model folder again',
  ],
  [
    'height',
    () => manifestWith(({ config }) => ({ config: { ...config, height: 16 } })),
    'exported with config.height 8, manifest.json says 16',
  ],
  [
    'steps',
    () => manifestWith(({ config }) => ({ config: { ...config, steps: 2 } })),
    'exported with config.steps 1, manifest.json says 2',
  ],
  [
    'a precision under the name of another',
    () =>
      manifestWith(({ variants }) => ({
        variants: { ...variants, fp32: variants['fp16-weights'] as never },
      })),
    'float16 is not allowed in precision fp32',
  ],
  [
    'licence',
    () => manifestWith(() => ({ license: 'CC0-1.0' })),
    'license "MIT", manifest.json says "CC0-1.0"',
  ],
  [
    'producer',
    () => manifestWith(({ producer }) => ({ producer: { ...producer, version: '9.9.9' } })),
    'manifest.json says "@glow-onnx/exporter 9.9.9"',
  ],
  [
    'a graph without config',
    () => metadataWith((metadata) => metadata.delete('config')),
    'onnx/decode.onnx: expected the config of its export in its metadata; export the model again',
  ],
  [
    'a config that is not JSON',
    () => metadataWith((metadata) => metadata.set('config', '{')),
    'onnx/decode.onnx: metadata config: not valid JSON',
  ],
])('%s that differs from the graphs is refused when loading and by verify', async (_, altered, message) => {
  const folder = await altered();
  await expect(loadGlow(folder, { selfTest: false, cache: false })).rejects.toThrow(message);
  const { ok, damaged } = await verifyFolder(folder);
  expect({ ok, damaged: damaged.join('\n') }).toEqual({
    ok: false,
    damaged: expect.stringContaining(message),
  });
});

test('verify refuses a config.json of another model, which loading does not read', async () => {
  const folder = await copyOf((copy) =>
    alterFile(copy, 'config.json', (bytes) =>
      Buffer.from(`${Buffer.from(bytes)}`.replace('"bits": 5', '"bits": 4')),
    ),
  );
  expect(await verifyFolder(folder)).toMatchObject({
    ok: false,
    damaged: ['config.json has config.bits 4, manifest.json says 5'],
  });
});

test('verify refuses a manifest that is damaged, too large or too deep', async () => {
  const withText = (change: (text: string) => string) =>
    copyOf(async (folder) => {
      const path = join(folder, 'manifest.json');
      await writeFile(path, change(await readFile(path, 'utf8')));
    });
  const damaged = await withText((text) => text.replace('"measured"', '"Measured"'));
  await expect(verifyFolder(damaged)).rejects.toThrow('manifest.json: its checksum differs');
  const large = await withText((text) => text + ' '.repeat(2 ** 22));
  await expect(verifyFolder(large)).rejects.toThrow(/manifest\.json has \d+ bytes, expected at most 4194304/);
  const deep = await withText(() => '['.repeat(1e6));
  await expect(verifyFolder(deep)).rejects.toThrow('at most 32 lists and objects inside each other');
});
