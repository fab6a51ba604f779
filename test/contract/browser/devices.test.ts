import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createGlow } from '@glow-onnx/flow';
import { alterFile, readSixChannels } from '../../support/altered-folder.js';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';

/** A model of few shaders, since SwiftShader takes a second to compile some. */
const small = '/small/model';
const config = tinyConfig({ height: 4, width: 4, levels: 1, steps: 1, hiddenChannels: 4, bits: 8 });
const folder = mkdtempSync(join(tmpdir(), 'glow-devices-'));
beforeAll(async () => {
  const params = randomParams(createGlow(config), 1);
  const checkpoint = { config, params, initialised: true };
  await exportModel(checkpoint, { out: join(folder, 'model') });
  const faulty = join(folder, 'faulty');
  await exportModel(checkpoint, { out: faulty, singleFile: true });
  for (const graph of ['encode', 'decode']) await alterFile(faulty, `onnx/${graph}.onnx`, readSixChannels);
});
afterAll(() => rmSync(folder, { recursive: true }));

describeBrowser('devices in Chromium, whose WebGPU is software', () => {
  const browser = useBrowser({ mounts: { '/small/': folder } });

  test('auto leaves software WebGPU to wasm, which passes the self-test, and says why', async () => {
    const model = await browser.run(async ({ glow, arg }) => {
      const { device, skipped, selfTest, dispose } = await glow.loadGlow(arg, { cache: false });
      await dispose();
      return { device, skipped, selfTest };
    }, small);
    expect(model).toEqual({
      device: 'wasm',
      selfTest: 'passed',
      skipped: [
        {
          device: 'webgpu',
          reason:
            'its GPU adapter is emulated in software, slower than wasm; pass device: "webgpu" to use it',
        },
      ],
    });
  });

  test.each([
    ['cpu', 'DeviceError', 'device "cpu" is not available here; pass device: "webgpu" or "wasm"'],
    ['gpu', 'RangeError', 'device: expected "auto", "cpu", "cuda", "webgpu", "wasm" or a list'],
  ])('%s is a clear error', async (device, name, message) => {
    const error = await browser.run(
      async ({ glow, arg }) => {
        const error = await glow
          .loadGlow(arg.folder, { device: arg.device as 'cpu' })
          .catch((thrown) => thrown);
        return { name: error.name, message: error.message };
      },
      { folder: small, device },
    );
    expect(error.name).toBe(name);
    expect(error.message).toContain(message);
  });

  test.each([
    ['no GPU adapter', async () => null, 'this browser offers no GPU adapter'],
    ['no WebGPU', undefined, 'this browser has no WebGPU'],
  ])('where there is %s, webgpu is refused and auto says so', async (_, requestAdapter, reason) => {
    const refused = await browser.run(
      async ({ glow, arg }) => {
        const real = Object.getOwnPropertyDescriptor(Navigator.prototype, 'gpu') as PropertyDescriptor;
        const value = arg.noAdapter ? { requestAdapter: async () => null } : undefined;
        Object.defineProperty(Navigator.prototype, 'gpu', { value, configurable: true });
        try {
          const error = await glow.loadGlow(arg.folder, { device: 'webgpu' }).catch((thrown) => thrown);
          const { device, skipped, dispose } = await glow.loadGlow(arg.folder);
          await dispose();
          return { name: error.name, code: error.code, message: error.message, device, skipped };
        } finally {
          Object.defineProperty(Navigator.prototype, 'gpu', real);
        }
      },
      { folder: small, noAdapter: requestAdapter !== undefined },
    );
    expect(refused).toMatchObject({ name: 'DeviceError', code: 'unavailable', device: 'wasm' });
    expect(refused.message).toBe(`device "webgpu" is not available here: ${reason}; pass device: "wasm"`);
    expect(refused.skipped).toEqual([{ device: 'webgpu', reason: refused.message }]);
  });

  // Bare onnxruntime-web 1.30 refuses the second of two sessions that are opened at once, and never answers two
  // runs at once.
  test('two models on one GPU open, run, fail and close at once, each in its turn', async () => {
    const results = await browser.run(async ({ glow, arg }) => {
      const options = { device: 'webgpu', selfTest: false, cache: false } as const;
      const [a, b] = await Promise.all([glow.loadGlow(arg, options), glow.loadGlow(arg, options)]);
      const [expected] = await a.sample({ seed: 2 });
      const wrong = { ...expected, width: 3 } as never;
      const work = [
        a.sample({ seed: 2 }),
        b.sample({ seed: 2 }),
        a.encode(wrong).catch((error: Error) => error.name),
        b.reconstruct(expected as never),
        a.sample({ seed: 2 }),
      ];
      const closing = a.dispose();
      const [first, second, failed, again, last] = await Promise.all(work);
      const [after] = await b.sample({ seed: 2 });
      await Promise.all([closing, b.dispose()]);
      const pixels = (images: unknown) => Array.from((images as { data: Uint8Array }[])[0]?.data ?? []);
      return {
        expected: Array.from(expected?.data ?? []),
        got: [first, second, again, last, [after]].map(pixels),
        failed,
      };
    }, small);
    expect(results.failed).toBe('RangeError');
    for (const pixels of results.got) expect(pixels).toEqual(results.expected);
  });

  test('a convolution that WebGPU miscomputes is caught by the self-test', async () => {
    const { error, device, skipped } = await browser.run(async ({ glow, arg }) => {
      const options = { cache: false } as const;
      const error = await glow.loadGlow(arg, { ...options, device: 'webgpu' }).catch((thrown) => thrown);
      const { device, skipped, dispose } = await glow.loadGlow(arg, {
        ...options,
        device: ['webgpu', 'wasm'],
      });
      await dispose();
      return { error: { name: error.name, code: error.code, message: error.message }, device, skipped };
    }, '/small/faulty');
    expect(error).toMatchObject({ name: 'DeviceError', code: 'self-test' });
    expect(error.message).toMatch(/golden images wrongly \(encode against float64: error of z/);
    expect(device).toBe('wasm');
    expect(skipped).toEqual([{ device: 'webgpu', reason: error.message }]);
  });

  test('latents that stay on the GPU give the same pictures', async () => {
    const [kept, moved] = await browser.run(async ({ glow, arg }) => {
      const pictures: number[][] = [];
      for (const keepLatents of [true, false]) {
        const options = { device: 'webgpu', selfTest: false, cache: false, keepLatents } as const;
        const model = await glow.loadGlow(arg, options);
        const images = await model.reconstruct(await model.sample({ count: 2, seed: 5 }));
        pictures.push(images.flatMap(({ data }) => Array.from(data)));
        await model.dispose();
      }
      return pictures;
    }, small);
    expect(kept).toEqual(moved);
    expect(kept).toHaveLength(2 * 4 * 4 * 3);
  });

  test('diagnose tells what works, and that this page shares no memory', async () => {
    const found = await browser.run(({ glow, arg }) => glow.diagnose({ model: arg }), small);
    expect(found).toMatchObject({ auto: 'wasm', bundled: ['webgpu', 'wasm'], threads: 1, isolated: false });
    expect(found).toMatchObject({ secure: true, wasm: true, host: expect.stringContaining('Chrome') });
    expect(found.devices).toMatchObject([
      { device: 'webgpu', works: true, processor: expect.stringContaining('swiftshader') },
      { device: 'wasm', works: true, runtime: expect.stringMatching(/^onnxruntime-web/) },
    ]);
    expect(found.devices[0]?.objection).toContain('software');
    for (const { selfTest } of found.devices) expect(selfTest?.passed).toBe(true);
  });

  test('prints nothing, and asks no server but its own', () => {
    expect(browser.messages).toEqual([]);
    expect(browser.foreign).toEqual([]);
  });
});

describeBrowser('wasm in a cross-origin isolated page', () => {
  const ort = resolve(__dirname, '../../../node_modules/onnxruntime-web/dist');
  const browser = useBrowser({ isolated: true, mounts: { '/small/': folder, '/hosted/': ort } });

  test('takes its files from where wasmPaths says, and computes with as many threads as asked for', async () => {
    const { workers, selfTest } = await browser.run(async ({ glow, arg }) => {
      let workers = 0;
      globalThis.Worker = class extends Worker {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          workers++;
        }
      };
      const options = { device: 'wasm', threads: 3, wasmPaths: '/hosted/', cache: false } as const;
      const { selfTest, dispose } = await glow.loadGlow(arg, options);
      await dispose();
      return { workers, selfTest };
    }, small);
    expect([selfTest, workers]).toEqual(['passed', 2]); // the page itself is the third
    const wasm = browser.server.requests.filter((path) => path.endsWith('.wasm'));
    expect(new Set(wasm)).toEqual(new Set(['/hosted/ort-wasm-simd-threaded.wasm']));
    expect(browser.foreign).toEqual([]);
  });
});

describeBrowser('under a content security policy without wasm-unsafe-eval', () => {
  const browser = useBrowser({ csp: "default-src 'self'", mounts: { '/small/': folder } });

  test('diagnose says what is missing, and loading fails with the same reason', async () => {
    const { found, error } = await browser.run(async ({ glow, arg }) => {
      const error: Error = await glow.loadGlow(arg, { device: 'wasm' }).catch((thrown) => thrown);
      return { found: await glow.diagnose(), error: { name: error.name, message: error.message } };
    }, small);
    expect(found.wasm).toBe(false);
    expect(found.auto).toBeUndefined();
    expect(found.devices[1]).toMatchObject({ works: false, reason: error.message });
    expect(error.name).toBe('DeviceError');
    expect(error.message).toMatch(/content security policy.*'wasm-unsafe-eval'/i);
  });
});

describeBrowser('beside a .wasm file of another build', () => {
  const ort = resolve(__dirname, '../../../node_modules/onnxruntime-web');
  const other = join(ort, 'dist/ort-wasm-simd-threaded.asyncify.wasm');
  const mounts = { '/small/': folder, '/other/ort-wasm-simd-threaded.wasm': other };
  const browser = useBrowser({ mounts });

  test('loading fails and says which version is needed', async () => {
    const message = await browser.run(
      ({ glow, arg }) =>
        glow.loadGlow(arg, { device: 'wasm', wasmPaths: '/other/' }).catch((error) => error.message),
      small,
    );
    const { version } = JSON.parse(readFileSync(join(ort, 'package.json'), 'utf8'));
    expect(message).toContain(`serve the .wasm file of onnxruntime-web ${version} with the page`);
  });
});
