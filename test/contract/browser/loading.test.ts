import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { hostileModel, hostileNames } from '../../support/hostile-models.js';
import { type Server, startServer } from '../../support/server.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';

const models = resolve(__dirname, '../../../models');
const graphs = ['decode.onnx', 'encode.onnx', 'weights.bin'].map(
  (name) => `/models/pixel-faces/onnx/${name}`,
);
const manifest = '/models/pixel-faces/manifest.json';

describeBrowser('loading in a page', () => {
  const browser = useBrowser();
  /** Loads in the page and lets go; gives statuses reported, or the error's text. */
  const load = (source = '/models/pixel-faces', cache: boolean | string = true) =>
    browser.run(
      async ({ glow, arg }) => {
        const statuses: string[] = [];
        const onProgress = ({ status }: { status: string }) => statuses.push(status);
        try {
          const model = await glow.loadGlow(arg.source, {
            device: 'wasm',
            selfTest: false,
            cache: arg.cache,
            onProgress,
          });
          await model.dispose();
          return [...new Set(statuses)].join(' ');
        } catch (error) {
          return String(error);
        }
      },
      { source, cache },
    );
  /** Files of models asked for since the last call. */
  let seen = 0;
  const asked = () => {
    const paths = browser.server.requests.slice(seen).filter((path) => path.startsWith('/models/'));
    seen = browser.server.requests.length;
    return paths.sort();
  };

  test('fetches a model once, into the Cache API under its hashes', async () => {
    expect(await load()).toBe('initiate download done progress ready');
    expect(asked()).toEqual([manifest, ...graphs]);
    expect(await load()).toContain('ready');
    expect(asked()).toEqual([manifest]);
    const keys = await browser.run(async ({ glow }) => {
      const cache = await caches.open(glow.cacheLocation());
      return (await cache.keys()).map(({ url }) => url);
    });
    const { files } = JSON.parse(readFileSync(join(models, 'pixel-faces/manifest.json'), 'utf8'));
    const weights = files.find(({ path }: { path: string }) => path === 'onnx/weights.bin');
    expect(keys).toContain(`https://glow-onnx.invalid/${weights.sha256}`);
    const notes = keys.filter((key) => key.startsWith('https://glow-onnx.invalid/notes/'));
    expect(notes).toHaveLength(1); // which manifest the address gave
    expect(keys).toHaveLength(5); // the note, three files and the manifest
  });

  test.each(hostileNames)('refuses the hostile graph %s before ONNX Runtime sees it', async (name) => {
    const files = Object.entries(hostileModel(name)).map(([path, bytes]) => [path, [...bytes]] as const);
    const error = browser.run(async ({ glow, arg }) => {
      const model = Object.fromEntries(arg.map(([path, bytes]) => [path, Uint8Array.from(bytes)]));
      return glow.loadGlow(model, { device: 'wasm' }).then(() => 'loaded', String);
    }, files);
    expect(await error).toMatch(
      /^RangeError: the given files: onnx\/encode\.onnx is not a graph of this model/,
    );
  });

  test('loads without a network, and says so', async () => {
    await browser.page.context().setOffline(true);
    const [cached, uncached] = [await load(), await load('/models/pixel-faces', false)];
    await browser.page.context().setOffline(false);
    expect(cached).toBe('initiate offline done progress ready');
    expect(uncached).toMatch(/manifest\.json cannot be fetched: Failed to fetch$/);
  });

  test('fetches a cached file again that has changed', async () => {
    asked();
    await browser.run(async ({ glow }) => {
      const cache = await caches.open(glow.cacheLocation());
      for (const request of await cache.keys()) {
        const bytes = new Uint8Array(await ((await cache.match(request)) as Response).arrayBuffer());
        if (bytes.length < 1e6) continue;
        bytes[1000] = (bytes[1000] as number) ^ 1;
        await cache.put(request, new Response(bytes));
      }
    });
    expect(await load()).toContain('ready');
    expect(asked()).toEqual([manifest, '/models/pixel-faces/onnx/weights.bin']);
    await load();
    expect(asked()).toEqual([manifest]);
  });

  test('clearCache empties the cache, and leaves what is not ours', async () => {
    const left = await browser.run(async ({ glow }) => {
      const cache = await caches.open(glow.cacheLocation());
      await cache.put('/mine', new Response('mine'));
      await glow.clearCache();
      return (await cache.keys()).map(({ url }) => new URL(url).pathname);
    });
    expect(left).toEqual(['/mine']);
    asked();
    await load('/models/pixel-faces', 'elsewhere');
    expect(asked()).toHaveLength(4);
    expect(await browser.run(() => caches.has('elsewhere'))).toBe(true);
  });

  test('takes a directory handle, and a map of blobs', async () => {
    const same = await browser.run(
      async ({ glow, arg }) => {
        const root = await navigator.storage.getDirectory();
        const files = new Map<string, Blob>();
        for (const path of arg) {
          const blob = await (await fetch(`/models/pixel-faces/${path}`)).blob();
          files.set(path, blob);
          const parts = path.split('/');
          const name = parts.pop() as string;
          let folder = root;
          for (const part of parts) folder = await folder.getDirectoryHandle(part, { create: true });
          const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
          await stream.write(blob);
          await stream.close();
        }
        const samples = [];
        for (const source of [root, files, '/models/pixel-faces']) {
          const model = await glow.loadGlow(source, { device: 'wasm', selfTest: false });
          samples.push((await model.sample({ seed: 4 }))[0]?.data.join());
          await model.dispose();
        }
        await root.removeEntry('manifest.json');
        const missing = await glow.loadGlow(root).catch(String);
        return { samples, missing };
      },
      ['manifest.json', 'onnx/encode.onnx', 'onnx/decode.onnx', 'onnx/weights.bin'],
    );
    expect(new Set(same.samples).size).toBe(1);
    expect(same.missing).toContain('no manifest.json found');
  });

  test('a relative address is taken from the page, or from its base', async () => {
    expect(await load('models/pixel-faces/')).toContain('ready');
    await browser.page.evaluate(() =>
      document.head.insertAdjacentHTML('beforeend', '<base href="/models/">'),
    );
    expect(await load('faces')).toContain('ready');
    await browser.page.evaluate(() => document.querySelector('base')?.remove());
  });

  test('sends user and password of an address as a header, and gives up a server that sends nothing', async () => {
    const headers: unknown[] = [];
    const other = await startServer({
      mounts: {},
      intercept({ method, headers: { authorization } }, response) {
        response.setHeader('Access-Control-Allow-Origin', '*');
        response.setHeader('Access-Control-Allow-Headers', 'authorization');
        if (method === 'OPTIONS')
          response.end(); // the browser asks whether it may send the header
        else headers.push(authorization);
        return true;
      },
    });
    const told = await browser.run(
      ({ glow, arg }) => glow.loadGlow(arg, { cache: false, idleTimeoutMs: 500 }).catch(String),
      `${other.origin.replace('//', '//ada:secret@')}/?token=1`,
    );
    await other.close();
    expect(headers).toEqual([`Basic ${btoa('ada:secret')}`]);
    expect(told).toBe(
      `UnreachableError: ${other.origin}/manifest.json: the server has sent nothing, or next to nothing, for 0.5 s; ` +
        'load the model again, or pass a larger idleTimeoutMs',
    );
  });

  describe('from another origin', () => {
    let other: Server;
    let allowed = true;
    beforeAll(async () => {
      other = await startServer({
        mounts: { '/models/': models },
        intercept(request, response) {
          if (allowed) response.setHeader('Access-Control-Allow-Origin', '*');
          if (!request.url?.endsWith('weights.bin')) return false;
          // Whose Content-Encoding the page is not shown.
          const packed = gzipSync(readFileSync(join(models, 'pixel-faces/onnx/weights.bin')));
          response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length });
          response.end(packed);
          return true;
        },
      });
    });
    afterAll(() => other.close());

    test('loads where the server allows it, compressed or not', async () => {
      expect(await load(`${other.origin}/models/pixel-faces`, false)).toContain('ready');
    });

    test('says what is missing where it does not', async () => {
      allowed = false;
      const told = await load(`${other.origin}/models/pixel-faces`, false);
      expect(told).toMatch(
        /cannot be fetched: .*it must allow this page with the header Access-Control-Allow-Origin/,
      );
    });
  });

  test('a page that is not secure checks hashes all the same, and warns that it has no cache', async () => {
    await browser.page.evaluate(() => {
      Object.defineProperty(crypto, 'subtle', { value: undefined });
      Object.defineProperty(globalThis, 'caches', { value: undefined });
    });
    asked();
    expect(await load()).toContain('ready');
    expect(await load()).toContain('ready');
    expect(asked()).toHaveLength(8);
    const warnings = browser.messages.filter((message) => message.startsWith('glow-onnx: the cache'));
    expect(warnings).toEqual([expect.stringMatching(/the page needs https or localhost to have a cache/)]);
    const told = await browser.run(async ({ glow }) => {
      const files: Record<string, Uint8Array> = {};
      for (const path of ['manifest.json', 'onnx/encode.onnx', 'onnx/decode.onnx', 'onnx/weights.bin']) {
        files[path] = new Uint8Array(await (await fetch(`/models/pixel-faces/${path}`)).arrayBuffer());
      }
      const weights = files['onnx/weights.bin'] as Uint8Array;
      weights[7] = (weights[7] as number) ^ 1;
      return glow.loadGlow(files).catch(String);
    });
    expect(told).toMatch(/weights\.bin has sha256 [0-9a-f]{64}, manifest\.json says/);
  });
});
