import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';

const config = tinyConfig({ steps: 1, hiddenChannels: 4, bits: 8 });
const mounts: Record<string, string> = {};
let fixture: ModelFixture;
beforeAll(async () => {
  fixture = await writeModelFixture(config, 5);
  mounts['/model/'] = `${fixture.directory}/`;
});
afterAll(() => fixture.remove());

/** Nothing from elsewhere, nothing inline, no eval but WebAssembly's. */
const csp = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src data:";

describe.each([
  ['alone', {}],
  ['cross-origin isolated, under a strict policy', { isolated: true, csp }],
])('a model in a worker, %s', (_, options) => {
  describeBrowser('of a page', () => {
    const browser = useBrowser({ mounts, ...options });

    test('gives what it gives in the page', async () => {
      const [page, worker] = await browser.run(async ({ glow }) => {
        const results = [];
        for (const worker of [false, true]) {
          const model = await glow.loadGlow('model', { device: 'wasm', worker, cache: false });
          const samples = await model.sample({ count: 3, seed: 2 });
          const { logProb } = await model.encode(samples);
          results.push({ device: model.device, logProb, pixels: samples.map(({ data }) => [...data]) });
          await model.dispose();
        }
        return results;
      });
      expect(worker).toEqual(page);
    });

    test('prints nothing, and asks no server but its own', () => {
      expect(browser.messages).toEqual([]);
      expect(browser.foreign).toEqual([]);
    });
  });
});

describeBrowser('a worker', () => {
  const browser = useBrowser({
    mounts,
    intercept: ({ url }, response) => {
      if (url !== '/throwing.js') return false;
      response.setHeader('Content-Type', 'text/javascript').end('throw new Error("no")');
      return true;
    },
  });

  test('takes what only a page has: canvases, img elements, relative addresses', async () => {
    const { logProb, failed } = await browser.run(async ({ glow }) => {
      const model = await glow.loadGlow('./model/', { device: 'wasm', worker: true });
      const [image] = await model.sample({ seed: 1 });
      if (!image) throw new Error('no sample');
      const [canvas, offscreen] = [document.createElement('canvas'), new OffscreenCanvas(1, 1)];
      glow.drawImage(image, canvas);
      glow.drawImage(image, offscreen);
      const png = new Blob([(await glow.encodePng(image)) as Uint8Array<ArrayBuffer>]);
      const element = new Image();
      element.src = URL.createObjectURL(png);
      const bitmap = await createImageBitmap(canvas);
      const inputs = [image, glow.toImageData(image), canvas, offscreen, element, bitmap, png, element.src];
      const { logProb } = await model.encode(inputs);
      const broken = new Image();
      broken.src = 'data:image/png,nothing';
      const failed = await model.encode([canvas, broken]).catch((error) => ({
        isBatchError: error instanceof glow.BatchError,
        message: error.message,
        others: error.results.length,
      }));
      await model.dispose();
      return { logProb, failed };
    });
    expect(logProb).toHaveLength(8);
    expect(new Set(logProb).size).toBe(1);
    expect(failed).toMatchObject({
      isBatchError: true,
      message: expect.stringContaining('images[1]: the image cannot be read'),
    });
  });

  test('leaves the page free while it computes', async () => {
    const ticks = await browser.run(async ({ glow }) => {
      const model = await glow.loadGlow('/models/pixel-faces', { device: 'wasm', worker: true });
      let ticks = 0;
      const timer = setInterval(() => ticks++, 5);
      await model.sample({ count: 16 });
      clearInterval(timer);
      await model.dispose();
      return ticks;
    });
    expect(ticks).toBeGreaterThan(10);
  });

  test('may be several, which share the calls and go on after an abort', async () => {
    const { first, last, reason } = await browser.run(async ({ glow }) => {
      const model = await glow.loadGlow('/models/pixel-faces', { device: 'wasm', worker: 2 });
      const calls = [1, 2, 3, 1].map((seed) => model.sample({ seed }));
      const abort = new AbortController();
      const aborted = model.sample({ count: 64, signal: abort.signal }).catch((error) => error.message);
      abort.abort(new Error('enough'));
      const images = (await Promise.all(calls)).map(([image]) => [...(image?.data ?? [])]);
      const reason = await aborted;
      await model.dispose();
      return { first: images[0], last: images[3], reason };
    });
    expect(first).toHaveLength(768);
    expect(last).toEqual(first);
    expect(reason).toBe('enough');
  });

  test('of this package that a long run holds is replaced after an abort', async () => {
    const { reasons, same } = await browser.run(async ({ glow }) => {
      const model = await glow.loadGlow('/models/pixel-faces', { device: 'wasm', worker: true });
      const [before] = await model.sample({ seed: 1 });
      const signal = AbortSignal.timeout(50);
      const large = model.sample({ height: 1024, width: 1024, signal }).catch((error) => error.name);
      const reasons = await large;
      const [after] = await model.sample({ seed: 1 });
      await model.dispose();
      return { reasons, same: String(before?.data) === String(after?.data) };
    });
    expect(reasons).toBe('TimeoutError');
    expect(same).toBe(true);
  });

  test('may be a script of ones own, by its address or as a Worker', async () => {
    const devices = await browser.run(async ({ glow }) => {
      const address = new URL('/bundle/worker.js', location.href);
      const choices = [address, '/bundle/worker.js', new Worker(address, { type: 'module' })];
      return Promise.all(
        choices.map(async (worker) => {
          const model = await glow.loadGlow('/model', { device: 'wasm', worker });
          await model.dispose();
          return model.device;
        }),
      );
    });
    expect(devices).toEqual(['wasm', 'wasm', 'wasm']);
  });

  test('whose script is not there, or fails, says so', async () => {
    const messages = await browser.run(async ({ glow }) => {
      return Promise.all(
        ['/nowhere.js', '/throwing.js'].map((worker) =>
          glow.loadGlow('/model', { worker }).then(
            () => 'loaded',
            (error: Error) => error.message,
          ),
        ),
      );
    });
    expect(messages[0]).toContain("the model's worker has failed (its script cannot be loaded)");
    expect(messages[1]).toContain("the model's worker has failed (Uncaught Error: no)");
  });

  test('tells errors of loading as the page does', async () => {
    const errors = await browser.run(async ({ glow }) => {
      const load = (options: object) =>
        glow.loadGlow('/model', { worker: true, ...options }).catch((error) => ({
          isDeviceError: error instanceof glow.DeviceError,
          isRangeError: error instanceof RangeError,
          message: error.message,
        }));
      return [await load({ device: 'cuda' }), await load({ precision: 'fp16' })];
    });
    expect(errors[0]).toMatchObject({ isDeviceError: true, message: expect.stringContaining('"cuda"') });
    expect(errors[1]).toMatchObject({ isRangeError: true, message: expect.stringContaining('"fp16"') });
  });
});
