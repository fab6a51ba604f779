import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ModelSource, storeOf } from '../../../packages/runtime/src/folder/model-source.js';
import { type ModelStore, readBounded } from '../../../packages/runtime/src/folder/model-store.js';
import type { DirectoryHandle } from '../../../packages/runtime/src/folder/stores/directory-store.js';
import { platform } from '../../../packages/runtime/src/node/platform.js';
import { type ModelServer, serveFolder } from './model-server.js';

let folder: string;
let server: ModelServer;
// More than one piece.
const large = Uint8Array.from({ length: 9_000_001 }, (_, i) => i % 251);

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'glow-store-')), 'faces');
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await writeFile(join(folder, 'onnx/weights.bin'), large);
  await writeFile(join(folder, 'empty'), '');
  server = await serveFolder(folder);
});
afterAll(async () => {
  await server.close();
  await rm(join(folder, '..'), { recursive: true });
});

const open = (source: ModelSource): Promise<ModelStore> => storeOf(platform, source);
const read = async (from: ModelStore | Promise<ModelStore>, path: string, limit = large.length) => {
  const file = await (await from).open(path);
  return file && readBounded(file, { where: path, limit });
};

/** As a browser's: names only, never paths, and errors known by their names. */
function handleOf(directory: string): DirectoryHandle {
  const blob = async (path: string) => {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      const name = error.code === 'EISDIR' ? 'TypeMismatchError' : 'NotFoundError';
      throw new DOMException('as browsers say', name);
    });
    return { getFile: async () => new Blob([new Uint8Array(bytes)]) };
  };
  return {
    name: basename(directory),
    getDirectoryHandle: async (name) => handleOf(join(directory, name)),
    getFileHandle: (name) => blob(join(directory, name)),
  };
}

const files = (contents: (bytes: Uint8Array) => Uint8Array | ArrayBuffer | Blob) => ({
  'onnx/weights.bin': contents(large),
  empty: contents(new Uint8Array()),
});
const sources: [string, () => ModelSource][] = [
  ['a path', () => folder],
  ['a file: URL', () => pathToFileURL(folder)],
  ['a file: URL as text', () => pathToFileURL(folder).href],
  ['an address', () => server.url],
  ['a URL that ends in a slash', () => new URL(`${server.url}/`)],
  ['an address with a query and a hash', () => `${server.url}?token=secret#top`],
  ['a directory handle', () => handleOf(folder)],
  ['a map of arrays', () => new Map(Object.entries(files((bytes) => bytes)))],
  ['a record of buffers', () => files((bytes) => bytes.slice().buffer as ArrayBuffer)],
  ['a record of blobs', () => files((bytes) => new Blob([new Uint8Array(bytes)]))],
];

describe.each(sources)('%s', (_, source) => {
  test('gives every byte of a file, and nothing where there is none', async () => {
    const store = await open(source());
    expect(Buffer.compare((await read(store, 'onnx/weights.bin')) as Uint8Array, large)).toBe(0);
    expect(await read(store, 'empty')).toHaveLength(0);
    expect(await read(store, 'onnx/decode.onnx')).toBeUndefined();
    expect(await read(store, 'other/decode.onnx')).toBeUndefined();
    expect(await read(store, 'constructor')).toBeUndefined();
  });

  test('stops at the first byte too many', async () => {
    await expect(read(open(source()), 'onnx/weights.bin', large.length - 1)).rejects.toThrow(
      `onnx/weights.bin has more than ${large.length - 1} bytes`,
    );
  });
});

test('a query goes with every file, but not into messages', async () => {
  const queries: (string | undefined)[] = [];
  server.answers.set('onnx/weights.bin', (response, _, { url }) => {
    queries.push(url?.split('?')[1]);
    response.writeHead(403).end();
  });
  const store = await open(`${server.url}?token=secret`);
  await expect(read(store, 'onnx/weights.bin')).rejects.toThrow(
    `${server.url}/onnx/weights.bin: the server answers 403 Forbidden`,
  );
  expect(queries).toEqual(['token=secret']);
  expect([store.name, store.locate('x')].join()).not.toContain('secret');
  server.answers.clear();
});

test('a path may begin with a letter and a colon, as on Windows', async () => {
  const store = await open('C:\\models\\faces');
  expect(store).toMatchObject({ name: 'C:\\models\\faces' });
  expect(store.url).toBeUndefined();
});

test.each<[string, unknown, RegExp]>([
  ['no source', undefined, /expected the path or address of a model folder, .* got undefined/],
  ['a number', 3, /got 3/],
  ['empty text', '', /is empty/],
  ['another protocol', new URL('ftp://example.org/model'), /cannot be fetched from ftp:/],
])('%s is refused', async (_, source, message) => {
  await expect(open(source as ModelSource)).rejects.toThrow(message);
});

test('contents that are no bytes are refused', async () => {
  const store = await open({ 'manifest.json': 'text' } as unknown as ModelSource);
  await expect(read(store, 'manifest.json')).rejects.toThrow(
    'expected a Uint8Array, an ArrayBuffer or a Blob, got string',
  );
});

describe('a folder on disk', () => {
  /** A copy that the test may spoil. */
  async function copied(): Promise<string> {
    const copy = await mkdtemp(join(folder, '../copy-'));
    await cp(folder, copy, { recursive: true });
    return copy;
  }
  const weights = 'onnx/weights.bin';

  test('may be reached by a link', async () => {
    const link = join(folder, '../link');
    await symlink(folder, link, 'junction');
    expect(await read(open(link), weights)).toHaveLength(large.length);
  });

  test('refuses a file that is a link, wherever it leads', async () => {
    const copy = await copied();
    await rm(join(copy, weights));
    await symlink(join(folder, weights), join(copy, weights));
    await expect(read(open(copy), weights)).rejects.toThrow(
      /weights\.bin is a symbolic link; copy the model/,
    );
  });

  test('refuses a folder inside it that is a link', async () => {
    const copy = await copied();
    await rm(join(copy, 'onnx'), { recursive: true });
    await symlink(join(folder, 'onnx'), join(copy, 'onnx'), 'junction');
    await expect(read(open(copy), weights)).rejects.toThrow(/onnx is a symbolic link/);
  });

  test('refuses a directory, and what else is no file', async () => {
    const copy = await copied();
    await expect(read(open(copy), 'onnx')).rejects.toThrow(/onnx is not a file/);
    await expect(read(open(handleOf(copy)), 'onnx')).rejects.toThrow(/onnx cannot be read: as browsers say/);
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [join(copy, 'pipe')]);
    await expect(read(open(copy), 'pipe')).rejects.toThrow(/pipe is not a file/);
  });

  // Windows has no such permission.
  (process.platform === 'win32' ? test.skip : test)('says which file it may not read', async () => {
    const copy = await copied();
    await chmod(copy, 0o755);
    await chmod(join(folder, '..'), 0o755);
    await chmod(join(copy, weights), 0);
    const asRoot = process.geteuid?.() === 0; // whom no permission stops
    try {
      if (asRoot) process.seteuid?.(65534);
      await expect(read(open(copy), weights)).rejects.toThrow(
        /weights\.bin cannot be read: permission denied \(EACCES\)/,
      );
    } finally {
      if (asRoot) process.seteuid?.(0);
    }
  });
});
