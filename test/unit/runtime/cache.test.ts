import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseManifest } from '@glow-onnx/flow';
import { encodeManifest } from '@glow-onnx/flow/internal';
import { type LoadOptions, type LoadProgress, loadGlow } from '@glow-onnx/runtime';
import { platform } from '../../../packages/runtime/src/node/platform.js';
import { sha256 } from '../../../packages/runtime/src/node/sha256.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { type ModelServer, serveFolder } from './model-server.js';

const graphs = ['onnx/decode.onnx', 'onnx/encode.onnx', 'onnx/weights.bin'];

let work: string;
let fixture: ModelFixture;
let server: ModelServer;
let cache: string;
const config = tinyConfig();
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'glow-cache-'));
  fixture = await writeModelFixture(config, 13);
});
afterAll(async () => {
  await fixture.remove();
  await rm(work, { recursive: true });
});
let places = 0;
beforeEach(async () => {
  cache = join(work, `cache-${places++}`);
  server = await serveFolder(fixture.directory);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await server.close();
});

/** Loads and lets go; gives what was reported. */
async function load(options: LoadOptions = {}, source = server.url): Promise<LoadProgress[]> {
  const events: LoadProgress[] = [];
  const onProgress = (event: LoadProgress) => events.push(event);
  const model = await loadGlow(source, { device: 'cpu', selfTest: false, cache, onProgress, ...options });
  expect(await model.sample()).toHaveLength(1);
  await model.dispose();
  return events;
}
const askedFor = () => server.asked.splice(0).sort();
const sha256Of = async (path: string) =>
  sha256(new Uint8Array(await readFile(join(fixture.directory, path))));

describe('a model from a server', () => {
  test('is fetched once; later loads ask for the manifest only', async () => {
    await load();
    expect(askedFor()).toEqual(['manifest.json', ...graphs]);
    const events = await load();
    expect(askedFor()).toEqual(['manifest.json']);
    const done = events.filter((event) => event.status === 'done');
    expect(done.map(({ file, cached }) => [file, cached]).sort()).toEqual([
      ['manifest.json', false],
      ...graphs.map((path) => [path, true]),
    ]);
    const downloads = events.filter(({ status }) => status === 'download');
    expect(downloads).toEqual([{ status: 'download', name: `${server.url}/`, file: 'manifest.json' }]);
  });

  test('is found under the hash of its files, whatever the address', async () => {
    await load();
    const names = await readdir(cache);
    for (const path of graphs) expect(names).toContain(await sha256Of(path));
    expect(names.every((name) => name === 'notes' || /^[0-9a-f]{64}$/.test(name))).toBe(true);
    expect(await readdir(join(cache, 'notes'))).toHaveLength(1); // which manifest the address gave
    const mirror = await serveFolder(fixture.directory);
    await load({}, mirror.url);
    expect(mirror.asked).toEqual(['manifest.json']);
    await mirror.close();
  });

  test('is fetched once also by loads at the same time', async () => {
    await Promise.all([load(), load(), load()]);
    expect(askedFor()).toEqual([...Array<string>(3).fill('manifest.json'), ...graphs]);
  });

  test('does not wait for a slower server of the same files', async () => {
    const mirror = await serveFolder(fixture.directory);
    const asked = new Promise<void>((resolve) => {
      mirror.answers.set('onnx/weights.bin', () => resolve()); // sends nothing
    });
    const stop = new AbortController();
    const waiting = load({ signal: stop.signal }, mirror.url).catch((error: Error) => error);
    await asked;
    await load({ signal: AbortSignal.timeout(10_000) });
    stop.abort();
    await waiting;
    await mirror.close();
    for (const path of graphs)
      expect(await sha256(await readFile(join(cache, await sha256Of(path))))).toBe(await sha256Of(path));
  });

  test('loads from the cache when the server is gone, and says so', async () => {
    await load();
    await server.close();
    const events = await load();
    const offline = events.find(({ status }) => status === 'offline');
    expect(offline).toMatchObject({
      name: `${server.url}/`,
      file: 'manifest.json',
      reason: expect.stringMatching(/manifest\.json cannot be fetched: connect ECONNREFUSED ./),
    });
    expect(events.at(-1)?.status).toBe('ready');
  });

  test('loads from the cache when the server is in trouble, but not when it refuses', async () => {
    await load();
    const answer = (status: number) =>
      server.answers.set('manifest.json', (response) => response.writeHead(status).end());
    answer(503);
    expect((await load()).map(({ status }) => status)).toContain('offline');
    answer(403);
    await expect(load()).rejects.toThrow('manifest.json: the server answers 403 Forbidden');
    answer(404);
    await expect(load()).rejects.toThrow('no manifest.json found');
  });

  test('does not load when the server is gone and nothing is cached, or the cached manifest is damaged', async () => {
    await load();
    await server.close();
    await expect(load({ cache: join(work, 'empty') })).rejects.toThrow(
      'cannot be fetched: connect ECONNREFUSED',
    );
    await expect(load({ cache: false })).rejects.toThrow('cannot be fetched: connect ECONNREFUSED');
    await writeFile(join(cache, await sha256Of('manifest.json')), '{}');
    await expect(load()).rejects.toThrow('cannot be fetched: connect ECONNREFUSED');
  });

  test.each<[string, (path: string) => Promise<void>]>([
    ['changed', async (path) => writeFile(path, (await readFile(path)).fill(1, 100, 101))],
    ['cut short', (path) => truncate(path, 100)],
    ['empty', (path) => truncate(path, 0)],
  ])('a cached file that is %s is fetched again and mended', async (_, damage) => {
    await load();
    askedFor();
    const hash = await sha256Of('onnx/weights.bin');
    await damage(join(cache, hash));
    await load();
    expect(askedFor()).toEqual(['manifest.json', 'onnx/weights.bin']);
    expect(await sha256(new Uint8Array(await readFile(join(cache, hash))))).toBe(hash);
  });

  test('leaves nothing behind with cache: false', async () => {
    await load({ cache: false });
    await load({ cache: false });
    expect(askedFor()).toHaveLength(8);
    await expect(readdir(cache)).rejects.toThrow('ENOENT');
  });

  test('refuses a cache without a place', async () => {
    await expect(load({ cache: '' })).rejects.toThrow('cache is an empty string');
  });
});

describe('a cache that cannot be used', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['its place is a file', () => writeFile(cache, 'taken')],
    [
      'the disk is full',
      async () => {
        const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        const promises = jest.requireActual<typeof import('node:fs/promises')>('node:fs/promises');
        jest.spyOn(promises, 'open').mockRejectedValue(full);
      },
    ],
  ])('is warned of once, and the model loads: %s', async (_, spoil) => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    await spoil();
    await load();
    await load();
    expect(askedFor()).toHaveLength(8);
    expect(warn.mock.calls).toEqual([
      [
        expect.stringContaining(
          `glow-onnx: the cache at ${cache} cannot be used, so files are downloaded each`,
        ),
      ],
    ]);
  });
});

test('a model from a folder is not copied to the cache; its self-test is remembered there', async () => {
  await load({}, fixture.directory);
  await expect(readdir(cache)).rejects.toThrow('ENOENT');
  const tested = await loadGlow(fixture.directory, { device: 'cpu', cache });
  await tested.dispose();
  expect(await readdir(cache)).toEqual(['notes']);
  expect(await readdir(join(cache, 'notes'))).toHaveLength(1);
});

describe('what a server sends', () => {
  /** A model folder with one more file, which the manifest lists and which a load fetches as weights. */
  async function serveAs(weights: Uint8Array<ArrayBuffer>, listed?: string): Promise<ModelServer> {
    const manifest = parseManifest(await readFile(join(fixture.directory, 'manifest.json')));
    const entry = {
      path: 'onnx/weights.bin',
      bytes: weights.length,
      sha256: listed ?? (await sha256(weights)),
    };
    const files = manifest.files.map((file) => (file.path === entry.path ? entry : file));
    const hostile = await serveFolder(fixture.directory);
    hostile.answers.set('onnx/weights.bin', (response) => response.end(weights));
    hostile.answers.set('manifest.json', (response) => response.end(encodeManifest({ ...manifest, files })));
    return hostile;
  }
  const text = (contents: string) => new TextEncoder().encode(contents);
  /** The only note of a cache. */
  const noteIn = async (place: string) => {
    const [name] = await readdir(join(place, 'notes'));
    return join(place, 'notes', name as string);
  };

  test('never counts as the note of a passed self-test', async () => {
    const fingerprint = await sha256Of('manifest.json');
    const { name, processor } = await platform.loadOnnxRuntime('cpu', {});
    const hostile = await serveAs(text(`self-test ${fingerprint} fp32 cpu ${name} ${processor}`));
    await expect(load({}, hostile.url)).rejects.toThrow();
    await hostile.close();
    const model = await loadGlow(server.url, { device: 'cpu', cache });
    expect(model.selfTest).toBe('passed');
    await model.dispose();
  });

  test('does not remove what the cache remembers of another server', async () => {
    await load();
    const note = await sha256(text(`manifest of ${server.url}/`));
    const hostile = await serveAs(text('no such contents'), note);
    await expect(load({}, hostile.url)).rejects.toThrow('has sha256');
    await hostile.close();
    await server.close();
    expect((await load()).map(({ status }) => status)).toContain('offline');
  });

  test.each<[string, unknown]>([
    ['a path', { bytes: 2, sha256: '../outside' }],
    ['a size beyond the limit', { bytes: 2 ** 40, sha256: 'ab'.repeat(32) }],
    ['a negative size', { bytes: -1, sha256: 'ab'.repeat(32) }],
    ['null', null],
    ['text', 'manifest'],
  ])('is not found by a note that holds %s, and no other file is removed', async (_, note) => {
    await load();
    await server.close();
    await writeFile(join(cache, '../outside'), 'mine');
    await writeFile(await noteIn(cache), JSON.stringify(note));
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    await expect(load()).rejects.toThrow('cannot be fetched');
    expect(warn).not.toHaveBeenCalled(); // the note is at fault, not the cache
    expect(await readFile(join(cache, '../outside'), 'utf8')).toBe('mine');
  });

  test('of an older version is used from its cache, its notes are not', async () => {
    await load();
    askedFor();
    await rename(await noteIn(cache), join(cache, await sha256(text(`manifest of ${server.url}/`))));
    await load();
    expect(askedFor()).toEqual(['manifest.json']);
    expect(await readdir(join(cache, 'notes'))).toHaveLength(1);
  });
});
