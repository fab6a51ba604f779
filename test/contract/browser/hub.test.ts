import { resolve } from 'node:path';
import { type HubServer, readToken, startHub, treeOf } from '../../support/hub/hub-server.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';

const faces = treeOf(resolve(__dirname, '../../../models/pixel-faces'));

describeBrowser('a model by its name, in a page', () => {
  const browser = useBrowser();
  let hub: HubServer;
  beforeAll(async () => {
    hub = await startHub();
  });
  beforeEach(() => {
    hub.reset();
    hub.repositories.create('xena/faces', { isPrivate: true });
    hub.repositories.commit('xena/faces', 'main', faces);
  });
  afterAll(() => hub.close());

  /** Loads and samples in the page: how many images, or the error. */
  const load = (source: string, token?: string, worker = false) =>
    browser.run(
      async ({ glow, arg }) => {
        const { source, worker, ...hub } = arg;
        try {
          const model = await glow.loadGlow(source, { device: 'wasm', selfTest: false, worker, hub });
          const images = await model.sample({ count: 2 });
          await model.dispose();
          return images.length;
        } catch (error) {
          return String(error);
        }
      },
      { source, worker, endpoint: hub.endpoint, ...(token !== undefined && { token }) },
    );
  const sentTo = (at: 'hub' | 'cdn') => [
    ...new Set(hub.requests.filter((request) => request.at === at).map(({ authorization }) => authorization)),
  ];

  test('loads with a token, which the other origin of its files does not get', async () => {
    expect(await load('hf:xena/faces', readToken)).toBe(2);
    expect(sentTo('hub')).toEqual([`Bearer ${readToken}`]);
    expect(sentTo('cdn')).toEqual([undefined]);
    const files = hub.requests.filter(({ path }) => path.includes('/resolve/')).map(({ path }) => path);
    const commit = hub.repositories.get('xena/faces')?.branches.get('main');
    expect(files[0]).toBe('/xena/faces/resolve/main/manifest.json');
    expect(files.slice(1).every((path) => path.startsWith(`/xena/faces/resolve/${commit}/onnx/`))).toBe(true);
  });

  test('comes from the cache the second time', async () => {
    expect(await load('hf:xena/faces', readToken)).toBe(2);
    expect(hub.requests.filter(({ at }) => at === 'cdn')).toEqual([]);
  });

  test('loads in a worker', async () => {
    expect(await load('hf:xena/faces', readToken, true)).toBe(2);
  });

  test('without a token is an error that says so', async () => {
    expect(await load('hf:xena/faces')).toContain('or it is private; check owner and name, or set HF_TOKEN');
    expect(await load('hf:xena/other', readToken)).toContain('use another access token');
    expect(await load('hf:xena/faces@v9', readToken)).toContain('the repository has no revision "v9"');
  });

  test('owner/name without hf: is an address in the page, and the error names the hub', async () => {
    expect(await load('xena/faces')).toMatch(
      /\/xena\/faces\/: no manifest\.json found; if this is a repository of the Hugging Face Hub, pass "hf:xena\/faces"$/,
    );
    expect(hub.requests).toEqual([]);
  });
});
