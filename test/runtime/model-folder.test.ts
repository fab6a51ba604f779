import { createHash } from 'node:crypto';
import { createConfig, type Manifest } from '@glow-onnx/flow';
import {
  type ModelStore,
  readGraphs,
  readManifest,
  readVerified,
} from '../../packages/runtime/src/model-folder.js';

const text = (value: string) => new TextEncoder().encode(value);
const contents: Record<string, Uint8Array> = {
  'onnx/encode.onnx': text('encode'),
  'onnx/decode.onnx': text('decode'),
  'onnx/weights.bin': text('weights'),
};
const manifest: Manifest = {
  formatVersion: 1,
  producer: { name: 'test', version: '0' },
  config: createConfig({ channels: 1, height: 8, width: 8 }),
  latents: [],
  variants: {
    fp32: { encode: 'onnx/encode.onnx', decode: 'onnx/decode.onnx', weights: 'onnx/weights.bin' },
  },
  files: Object.entries(contents).map(([path, bytes]) => ({
    path,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  })),
  training: null,
  measured: [],
};
const storeOf = (files: Record<string, Uint8Array>): ModelStore => ({
  name: 'folder',
  read: async (path) => files[path],
});
const read = (files: Record<string, Uint8Array>) =>
  readGraphs(storeOf(files), manifest, manifest.variants.fp32);

test('both graphs come with their weights, named as the graphs name them', async () => {
  const externalData = [{ path: 'weights.bin', data: contents['onnx/weights.bin'] }];
  expect(await read(contents)).toEqual({
    encode: { model: contents['onnx/encode.onnx'], externalData },
    decode: { model: contents['onnx/decode.onnx'], externalData },
  });
});

test('graphs that hold their own weights come without', async () => {
  const variant = { ...manifest.variants.fp32, weights: null };
  const { encode } = await readGraphs(storeOf(contents), manifest, variant);
  expect(encode).toEqual({ model: contents['onnx/encode.onnx'] });
});

test.each(Object.keys(contents))(
  '%s missing, cut short, changed or unlisted is a clear error',
  async (path) => {
    const bytes = contents[path] as Uint8Array;
    const changed = bytes.map((byte, i) => (i === 2 ? byte ^ 1 : byte));
    const { [path]: _, ...without } = contents;
    await expect(read(without)).rejects.toThrow(`folder: ${path} is missing`);
    await expect(read({ ...contents, [path]: bytes.subarray(1) })).rejects.toThrow(
      `folder: ${path} has ${bytes.length - 1} bytes, manifest.json says ${bytes.length}`,
    );
    await expect(read({ ...contents, [path]: changed })).rejects.toThrow(
      new RegExp(`folder: ${path} has sha256 [0-9a-f]{64}, manifest.json says [0-9a-f]{64}`),
    );
    await expect(readVerified(storeOf(contents), { ...manifest, files: [] }, path)).rejects.toThrow(
      `folder: ${path} is not listed in manifest.json`,
    );
  },
);

test('a folder without a manifest, or with one of a later format, is a clear error', async () => {
  await expect(readManifest(storeOf({}))).rejects.toThrow('folder: no manifest.json there');
  const later = { 'manifest.json': text(JSON.stringify({ ...manifest, formatVersion: 2 })) };
  await expect(readManifest(storeOf(later))).rejects.toThrow('format version 2 is not known here (known: 1)');
});
