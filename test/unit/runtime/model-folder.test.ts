import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { type Manifest, parseManifest } from '@glow-onnx/flow';
import { encodeManifest } from '@glow-onnx/flow/internal';
import { graphsForRuntimes } from '../../../packages/runtime/src/folder/load-graphs.js';
import type { LoadProgress } from '../../../packages/runtime/src/folder/load-progress.js';
import {
  type ModelFolder,
  readManifest,
  readVerified,
} from '../../../packages/runtime/src/folder/model-folder.js';
import type { ModelStore, StoredFile } from '../../../packages/runtime/src/folder/model-store.js';
import { readGraphs, relativeTo } from '../../../packages/runtime/src/folder/read-graphs.js';
import { memoryStore } from '../../../packages/runtime/src/folder/stores/memory-store.js';
import { sha256 } from '../../../packages/runtime/src/node/sha256.js';
import { tinyConfig } from '../../support/tiny-config.js';

const text = (value: string) => new TextEncoder().encode(value);
const contents: Record<string, Uint8Array> = {
  'onnx/encode.onnx': text('encode'),
  'onnx/decode.onnx': text('decode'),
  'onnx/weights.bin': text('weights'),
};
const manifest: Manifest = parseManifest(
  encodeManifest({
    producer: { name: 'test', version: '0' },
    config: tinyConfig(),
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
  }),
);
const folderOf = (files: Record<string, Uint8Array>): ModelFolder => ({ store: memoryStore(files), sha256 });
const read = (files: Record<string, Uint8Array>) =>
  readGraphs(folderOf(files), manifest, manifest.variants.fp32);

test('both graphs come with their weights, named as the graphs name them', async () => {
  const externalData = [{ path: 'weights.bin', data: contents['onnx/weights.bin'] }];
  const weights = { path: 'weights.bin', bytes: 7 };
  expect(await read(contents)).toEqual({
    encode: { source: { model: contents['onnx/encode.onnx'], externalData }, weights },
    decode: { source: { model: contents['onnx/decode.onnx'], externalData }, weights },
  });
});

test.each([
  'a/weights.bin',
  'weights.bin',
  'a/b/weights.bin',
  'b/weights.bin',
  'ab/weights.bin',
  'a/b.onnx/w',
])('%s has its path from the folder of the graph', (weights) => {
  for (const graph of ['encode.onnx', 'a/encode.onnx', 'a/b/encode.onnx', 'weights.bin/encode.onnx'])
    expect(relativeTo(graph, weights)).toBe(posix.relative(posix.dirname(graph), weights));
});

test('graphs that hold their own weights come without', async () => {
  const variant = { ...manifest.variants.fp32, weights: null };
  const { encode } = await readGraphs(folderOf(contents), manifest, variant);
  expect(encode).toEqual({ source: { model: contents['onnx/encode.onnx'] } });
});

test.each(Object.keys(contents))(
  '%s missing, cut short, changed or unlisted is a clear error',
  async (path) => {
    const bytes = contents[path] as Uint8Array;
    const changed = bytes.map((byte, i) => (i === 2 ? byte ^ 1 : byte));
    const { [path]: _, ...without } = contents;
    const where = `the given files: ${path}`;
    await expect(read(without)).rejects.toThrow(`${where} is missing`);
    await expect(read({ ...contents, [path]: bytes.subarray(1) })).rejects.toThrow(
      `${where} has ${bytes.length - 1} bytes, manifest.json says ${bytes.length}`,
    );
    await expect(read({ ...contents, [path]: changed })).rejects.toThrow(
      new RegExp(`${where} has sha256 [0-9a-f]{64}, manifest.json says [0-9a-f]{64}`),
    );
    await expect(readVerified(folderOf(contents), { ...manifest, files: [] }, path)).rejects.toThrow(
      `${where} is not listed in manifest.json`,
    );
  },
);

/** A folder with a manifest of version 1, which has no checksum. */
const withManifest = (change: object) =>
  folderOf({ 'manifest.json': text(JSON.stringify({ ...manifest, formatVersion: 1, ...change })) });

test('a manifest comes with its own sha256', async () => {
  const read = await readManifest(withManifest({}));
  const older = { ...manifest, formatVersion: 1 };
  const expected = createHash('sha256').update(JSON.stringify(older)).digest('hex');
  expect(read).toMatchObject({ manifest: older, sha256: expected });
});

test('a folder without a manifest, or with one of a web app or a later format, is a clear error', async () => {
  await expect(readManifest(folderOf({}))).rejects.toThrow('the given files: no manifest.json found');
  await expect(readManifest(folderOf({ 'manifest.json': text('{"name":"A web app"}') }))).rejects.toThrow(
    'the given files: manifest.json: expected a formatVersion, got none',
  );
  await expect(readManifest(withManifest({ formatVersion: 3 }))).rejects.toThrow(
    'the given files: manifest.json: format version 3 is newer than this release knows (1 to 2); update the @glow-onnx packages',
  );
});

test('a manifest of more than 4 MiB is not read', async () => {
  const folder = withManifest({ license: 'x'.repeat(4 * 2 ** 20) });
  await expect(readManifest(folder)).rejects.toThrow('manifest.json has more than 4194304 bytes');
});

test.each([
  '../weights.bin',
  'onnx/../../weights.bin',
  '/etc/passwd',
  'C:/weights.bin',
  'onnx\\weights.bin',
  './weights.bin',
  '',
])('a manifest may not name the path %j', async (path) => {
  const variants = { fp32: { ...manifest.variants.fp32, weights: path } };
  await expect(readManifest(withManifest({ variants }))).rejects.toThrow('variants.fp32.weights');
  const files = [{ ...manifest.files[0], path }];
  await expect(readManifest(withManifest({ files }))).rejects.toThrow('files.0.path');
});

/** A store of one file that tells no size, and counts how much of it was taken. */
function streamOf(file: StoredFile): ModelStore {
  return { name: 'stream', locate: (path) => path, open: async () => file };
}

test('no more is taken of a stream than the first piece too much', async () => {
  let taken = 0;
  function* endless() {
    for (;;) {
      taken += 4;
      yield new Uint8Array(4);
    }
  }
  const store = streamOf({ size: undefined, pieces: endless });
  const path = 'onnx/decode.onnx';
  await expect(readVerified({ store, sha256 }, manifest, path)).rejects.toThrow('has more than 6 bytes');
  expect(taken).toBe(8);
});

test('a size that no buffer holds is a clear error, before anything is read', async () => {
  const pieces = () => {
    throw new Error('read');
  };
  const files = [{ path: 'big', bytes: 2 ** 52, sha256: '0'.repeat(64) }];
  for (const size of [undefined, 2 ** 52]) {
    const store = streamOf({ size, pieces });
    await expect(readVerified({ store, sha256 }, { ...manifest, files }, 'big')).rejects.toThrow(
      'big may have 4503599627370496 bytes, more than one buffer can hold here',
    );
  }
  const store = streamOf({ size: 3, pieces });
  await expect(readVerified({ store, sha256 }, { ...manifest, files }, 'big')).rejects.toThrow(
    'big has 3 bytes, manifest.json says 4503599627370496',
  );
});

test('progress tells of each file, in percent, and never of a network where there is none', async () => {
  const events: LoadProgress[] = [];
  const folder = { ...folderOf(contents), onProgress: (event: LoadProgress) => events.push(event) };
  await readVerified(folder, manifest, 'onnx/weights.bin');
  const file = { name: 'the given files', file: 'onnx/weights.bin' };
  expect(events).toEqual([
    { status: 'initiate', ...file, total: 7 },
    { status: 'progress', ...file, loaded: 7, total: 7, progress: 100 },
    { status: 'done', ...file, cached: false },
  ]);
});

test('when one file fails, the others stop', async () => {
  const reasons: unknown[] = [];
  const store: ModelStore = {
    name: 'slow',
    locate: (path) => path,
    open: (path, signal) =>
      path === 'onnx/encode.onnx'
        ? Promise.reject(new Error('broken'))
        : new Promise((_, reject) => {
            signal?.addEventListener('abort', () => {
              reasons.push(signal.reason);
              reject(signal.reason);
            });
          }),
  };
  const reading = readGraphs({ store, sha256 }, manifest, manifest.variants.fp32);
  await expect(reading).rejects.toThrow('broken');
  expect(reasons.map(String)).toEqual(['Error: broken', 'Error: broken']);
});

test('graphs are read once for all devices that are tried', async () => {
  let opened = 0;
  const store: ModelStore = {
    name: 'broken',
    locate: (path) => path,
    async open() {
      opened++;
      throw new Error('broken');
    },
  };
  const graphsFor = graphsForRuntimes({ store, sha256 }, manifest, 'fp32');
  await expect(graphsFor({ mapsFiles: false })).rejects.toThrow('broken');
  const before = opened;
  await expect(graphsFor({ mapsFiles: false })).rejects.toThrow('broken');
  expect(opened).toBe(before);
});

test('sha256 is what node:crypto says, also of more than one piece', async () => {
  for (const length of [0, 1, 64 * 2 ** 20, 64 * 2 ** 20 + 1]) {
    const bytes = new Uint8Array(length).fill(7);
    expect(await sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});
