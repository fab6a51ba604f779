import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';

const source = readFileSync(join(__dirname, '../../../../examples/browser/build/service-worker.js'), 'utf8');

/** Caches by name, each the texts of files by name. */
type Caches = Map<string, Map<string, string>>;

/** The worker of a build on these caches; `say` gives it an event and waits for what it does. */
function workerOn(stored: Caches, build: { version: string; files: string[]; wasm: string[] }) {
  const listeners = new Map<string, (event: object) => void>();
  const modes: string[] = [];
  const cacheOf = (name: string) => {
    const files = stored.get(name) ?? new Map<string, string>();
    stored.set(name, files);
    return {
      put: async (file: string, text: string) => void files.set(file, text),
      addAll: async (requests: { url: string; cache: string }[]) => {
        for (const { url, cache } of requests) {
          modes.push(cache);
          files.set(url, build.version);
        }
      },
    };
  };
  runInNewContext(source, {
    ...build,
    self: {
      addEventListener: (type: string, listener: (event: object) => void) => listeners.set(type, listener),
      clients: { claim: async () => {} },
    },
    Request: class {
      cache: string;
      constructor(
        readonly url: string,
        options: { cache: string },
      ) {
        this.cache = options.cache;
      }
    },
    caches: {
      open: async (name: string) => cacheOf(name),
      keys: async () => [...stored.keys()],
      match: async (file: string) =>
        [...stored.values()].map((files) => files.get(file)).find((text) => text !== undefined),
      delete: async (name: string) => stored.delete(name),
    },
  });
  const say = async (type: string): Promise<void> => {
    let done: Promise<unknown> = Promise.resolve();
    listeners.get(type)?.({
      waitUntil: (promise: Promise<unknown>) => {
        done = promise;
      },
    });
    await done;
  };
  return { say, modes };
}

test('a new build takes over the WebAssembly that it still has, and nothing else', async () => {
  const stored: Caches = new Map([
    ['of another page', new Map([['x', 'theirs']])],
    [
      'glow-page-1',
      new Map([
        ['./', '1'],
        ['a.js', '1'],
        ['same.wasm', 'kept'],
        ['old.wasm', 'gone'],
      ]),
    ],
  ]);
  const { say, modes } = workerOn(stored, {
    ...{ version: '2', files: ['./', 'b.js'] },
    wasm: ['same.wasm', 'unused.wasm'],
  });
  await say('install');
  expect(new Set(modes)).toEqual(new Set(['no-cache'])); // or it may keep a page that wants the scripts of before
  await say('activate');
  expect(Object.fromEntries(stored.get('glow-page-2') ?? [])).toEqual({
    ...{ './': '2', 'b.js': '2' },
    'same.wasm': 'kept',
  });
  expect([...stored.keys()]).toEqual(['of another page', 'glow-page-2']);
});
