import { createHash } from 'node:crypto';
import {
  chmod,
  cp,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseManifest } from '@glow-onnx/flow';
import { type GlowModel, type LoadProgress, loadGlow, type RawImage } from '@glow-onnx/runtime';
import type { ModelStore } from '../../../packages/runtime/src/folder/model-store.js';
import { mappedFromBytes, readGraphs } from '../../../packages/runtime/src/folder/read-graphs.js';
import { memoryStore } from '../../../packages/runtime/src/folder/stores/memory-store.js';
import { type DiskFile, mapWeights } from '../../../packages/runtime/src/node/map-weights.js';
import { sha256 } from '../../../packages/runtime/src/node/sha256.js';
import { sha256OfFile } from '../../../packages/runtime/src/node/sha256-of-file.js';
import { alterFile } from '../../support/altered-folder.js';
import { writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

const weights = 'onnx/weights.bin';
const onCpu = { device: 'cpu', selfTest: false } as const;
// Its biases have 1 KiB.
const config = tinyConfig({ hiddenChannels: 256 });
const image: RawImage = {
  ...{ height: config.height, width: config.width, channels: config.channels },
  data: new Uint8Array(config.height * config.width * config.channels).fill(99),
};

let parent: string;
/** A model folder whose weights are large enough to be mapped. */
let folder: string;
let expected: Awaited<ReturnType<typeof results>>;
const models: GlowModel[] = [];

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'glow-mapped-'));
  const fixture = await writeModelFixture(config, 5);
  const small = await loadGlow(fixture.directory, onCpu);
  expected = await results(small);
  await small.dispose();
  await alterFile(fixture.directory, weights, (bytes) => {
    const padded = new Uint8Array(mappedFromBytes);
    padded.set(bytes);
    return padded;
  });
  await cp(fixture.directory, join(parent, 'original'), { recursive: true });
  await fixture.remove();
});
beforeEach(async () => {
  folder = join(parent, 'model');
  await rm(folder, { recursive: true, force: true });
  await cp(join(parent, 'original'), folder, { recursive: true });
});
afterEach(async () => {
  for (const model of models.splice(0)) await model.dispose();
});
afterAll(() => rm(parent, { recursive: true }));

async function load(source: string, options: Parameters<typeof loadGlow>[1] = onCpu): Promise<GlowModel> {
  const model = await loadGlow(source, options);
  models.push(model);
  return model;
}

async function results(model: GlowModel) {
  const { z, logProb } = await model.encode(image);
  return { logProb, decoded: await model.decode(z) };
}

/** Writes to the middle of the weights, which no tensor reads. */
async function overwrite(path = join(folder, weights)): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Uint8Array.of(1), 0, 1, mappedFromBytes / 2);
  await file.close();
}

const changed = 'has changed since the model was loaded; load the model again';

test.each(['cpu', 'wasm'] as const)('on %s, large weights give the results of small ones', async (device) => {
  const model = await load(folder, { device });
  const { logProb, decoded } = await results(model);
  expect(decoded).toEqual(expected.decoded);
  expect(logProb[0]).toBeCloseTo(expected.logProb[0] as number, 2);
});

test.each([true, false])('weights of other bytes are refused, with self-test %s', async (selfTest) => {
  await overwrite();
  const loading = load(folder, { device: 'cpu', cache: false, selfTest });
  await expect(loading).rejects.toThrow(/weights\.bin has sha256 [0-9a-f]{64}, manifest\.json says/);
});

test('weights of another size, and a link to weights, are refused', async () => {
  await truncate(join(folder, weights), mappedFromBytes - 1);
  await expect(load(folder)).rejects.toThrow(`weights.bin has ${mappedFromBytes - 1} bytes, manifest.json`);
  await rm(join(folder, weights));
  await symlink(join(parent, 'original', weights), join(folder, weights));
  await expect(load(folder)).rejects.toThrow('weights.bin is a symbolic link');
});

const changes: [string, () => Promise<unknown>][] = [
  ['written to', () => overwrite()],
  ['cut short', () => truncate(join(folder, weights), 9)],
  ['removed', () => rm(folder, { recursive: true })],
  [
    'replaced',
    async () => {
      await cp(join(folder, weights), join(folder, 'new'));
      await rename(join(folder, 'new'), join(folder, weights));
    },
  ],
];

test.each(changes)(
  'weights that are %s before a graph opens are a clear error of its calls',
  async (_, change) => {
    const model = await load(folder);
    const { z } = await model.encode(image);
    await change();
    await expect(model.decode(z)).rejects.toThrow(changed);
    await expect(model.decode(z)).rejects.toThrow(changed);
    expect((await model.encode(image)).logProb).toEqual(expected.logProb);
  },
);

test('once its graphs are open, a model stays as it is when its folder changes', async () => {
  const model = await load(folder);
  expect(await results(model)).toEqual(expected);
  // Elsewhere ONNX Runtime may go on to read weights from the file.
  if (process.arch === 'x64') await truncate(join(folder, weights), 0);
  await rm(folder, { recursive: true });
  expect(await results(model)).toEqual(expected);
});

test.each(changes.slice(0, 2))(
  'a file that is %s while a session opens is not confirmed',
  async (_, change) => {
    const path = join(folder, weights);
    const digest = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    let version = 1;
    const disk: DiskFile = {
      path,
      version: async () => String(version),
      sha256: (options) => sha256OfFile(path, { where: path, ...options }),
    };
    const entry = { path: weights, bytes: mappedFromBytes, sha256: digest };
    const mapped = await mapWeights({ name: 'x', locate: (each) => each }, disk, entry, {});
    await mapped.confirm();
    await change();
    version++;
    await expect(mapped.confirm()).rejects.toThrow(`${weights} ${changed}`);
  },
);

test('a path of spaces and other letters, read-only and relative, is found after the program moves', async () => {
  const odd = join(parent, 'größe 日本 %20 \'"\\');
  await rename(folder, odd);
  await chmod(join(odd, weights), 0o444);
  const before = process.cwd();
  const model = await load(relative(before, odd));
  process.chdir(tmpdir());
  try {
    expect(await results(model)).toEqual(expected);
  } finally {
    process.chdir(before);
  }
  await rm(odd, { recursive: true });
});

test('a link to the folder may lead elsewhere once the model is loaded', async () => {
  const link = join(parent, 'current');
  await symlink(folder, link);
  const model = await load(link);
  await rm(link);
  await symlink(tmpdir(), link);
  expect(await results(model)).toEqual(expected);
  await rm(link);
});

test('progress tells of large weights too, and `ready` comes after them', async () => {
  const events: LoadProgress[] = [];
  await load(folder, { ...onCpu, onProgress: (event) => events.push(event) });
  const ofWeights = events.filter((event) => 'file' in event && event.file === weights);
  expect(ofWeights[0]).toMatchObject({ status: 'initiate', total: mappedFromBytes });
  expect(ofWeights.at(-2)).toMatchObject({ status: 'progress', loaded: mappedFromBytes, progress: 100 });
  expect(ofWeights.at(-1)).toMatchObject({ status: 'done', cached: false });
  expect(events.at(-1)?.status).toBe('ready');
});

test('an aborted load stops to read, and a file that cannot be read is a clear error', async () => {
  const stop = new AbortController();
  const onProgress = ({ status }: LoadProgress) => status === 'progress' && stop.abort(new Error('enough'));
  await expect(load(folder, { ...onCpu, signal: stop.signal, onProgress })).rejects.toThrow('enough');
  await expect(sha256OfFile(folder, { where: 'x' })).rejects.toThrow(
    'x cannot be read: it is a folder (EISDIR)',
  );
  await writeFile(join(folder, 'some'), 'some');
  const hash = createHash('sha256').update('some').digest('hex');
  expect(await sha256OfFile(join(folder, 'some'), { where: 'x' })).toBe(hash);
});

test('an error of onProgress is the error of the load', async () => {
  const onProgress = (event: LoadProgress) => {
    if (event.status === 'progress' && event.file === weights) throw new Error('mine');
  };
  await expect(load(folder, { ...onCpu, onProgress })).rejects.toThrow('mine');
});

test('a load that fails for another reason stops to read, and tells no more progress', async () => {
  await alterFile(folder, 'onnx/encode.onnx', () => Uint8Array.of(1, 2, 3));
  const events: LoadProgress[] = [];
  await expect(load(folder, { ...onCpu, onProgress: (event) => events.push(event) })).rejects.toThrow(
    'encode.onnx',
  );
  const before = events.length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(events.slice(before)).toEqual([]);
  expect(events).not.toContainEqual(expect.objectContaining({ status: 'done', file: weights }));
});

test('a store without a disk opens each file once, also for an ONNX Runtime that maps files', async () => {
  const files: Record<string, Uint8Array> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[relative(folder, path).replaceAll('\\', '/')] = await readFile(path);
  }
  const store = memoryStore(files);
  const opened: string[] = [];
  const counting: ModelStore = {
    ...store,
    open: (path, signal) => {
      opened.push(path);
      return store.open(path, signal);
    },
  };
  const manifest = parseManifest(await readFile(join(folder, 'manifest.json')));
  const { encode } = await readGraphs(
    { store: counting, sha256, mapping: true },
    manifest,
    manifest.variants.fp32,
  );
  expect(encode.source.externalData?.[0]?.data).toHaveLength(mappedFromBytes);
  expect(opened.sort()).toEqual(['onnx/decode.onnx', 'onnx/encode.onnx', weights]);
});
