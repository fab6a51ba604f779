import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, type Manifest, parseManifest } from '@glow-onnx/flow';
import { difference } from '@glow-onnx/flow/internal';
import { loadGraphs } from '../../../packages/runtime/src/folder/load-graphs.js';
import { readManifest, readVerified } from '../../../packages/runtime/src/folder/model-folder.js';
import { memoryStore } from '../../../packages/runtime/src/folder/stores/memory-store.js';
import { sha256 } from '../../../packages/runtime/src/node/sha256.js';

type Files = Record<string, Uint8Array<ArrayBuffer>>;

const folders = ['models/pixel-faces', 'models/fashion-mnist', 'test/support/earlier/model-1'];

// Tens of thousands of errors are thrown here. Their stack traces would take most of the time.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

function filesOf(folder: string): Files {
  const read = (path: string) => new Uint8Array(readFileSync(join(folder, path)));
  const { files } = parseManifest(read('manifest.json'));
  return Object.fromEntries(
    ['manifest.json', ...files.map(({ path }) => path)].map((path) => [path, read(path)]),
  );
}

/** All that loading checks before a session opens, for every file that the manifest lists. */
async function check(files: Files): Promise<Manifest> {
  const folder = { store: memoryStore(files), sha256 };
  const { manifest } = await readManifest(folder);
  for (const { path } of manifest.files) await readVerified(folder, manifest, path);
  await loadGraphs(folder, manifest, 'fp32');
  return manifest;
}

function flipped(bytes: Uint8Array<ArrayBuffer>, bit: number): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

/** Fields of which a flip of one bit changes the meaning, and passes all checks. `open` fields are not held to any. */
async function changesThatPass(folder: string, open: RegExp): Promise<string[]> {
  const files = filesOf(folder);
  const text = files['manifest.json'] as Uint8Array<ArrayBuffer>;
  const intact = await check(files);
  const changed: string[] = [];
  for (let bit = 0; bit < 8 * text.length; bit++) {
    const bytes = flipped(text, bit);
    const path = meaningOf(bytes, intact);
    if (path === undefined || open.test(path)) continue;
    const passes = await check({ ...files, 'manifest.json': bytes }).then(
      () => true,
      () => false,
    );
    if (passes) changed.push(path);
  }
  return changed;
}

/** The first field that a manifest states otherwise; undefined if it is refused, or only its spaces differ. */
function meaningOf(bytes: Uint8Array, intact: Manifest): string | undefined {
  try {
    return difference(parseManifest(bytes), intact, '')?.path;
  } catch {
    return undefined;
  }
}

test.each(['models/pixel-faces', 'models/fashion-mnist'])(
  'a flip of any bit of the manifest of %s is refused, or is without effect',
  async (folder) => {
    expect(await changesThatPass(folder, /^never$/)).toEqual([]);
  },
);

test('a flip of any bit of a manifest of version 1, which has no checksum, changes at most what no file holds', async () => {
  const open = /^(training|measured|toleranceFactor)\b/;
  expect(await changesThatPass('test/support/earlier/model-1', open)).toEqual([]);
});

test.each(folders)('a flip of any sampled bit of the other files of %s is refused', async (folder) => {
  const files = filesOf(folder);
  const random = createRandom(1);
  for (const { path, bytes } of (await check(files)).files) {
    for (let i = 0; i < 5; i++) {
      const bit = Math.floor(random.uniform() * 8 * bytes);
      const damaged = { ...files, [path]: flipped(files[path] as Uint8Array<ArrayBuffer>, bit) };
      await expect(check(damaged)).rejects.toThrow(`${path} has sha256`);
    }
  }
});
