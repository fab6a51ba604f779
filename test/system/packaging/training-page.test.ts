/// <reference lib="dom" />
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseCheckpoint } from '@glow-onnx/flow';
import type { Browser, Page } from 'playwright-core';
import { npm, tarballs } from '../../support/installed-app.js';
import { type Server, startServer } from '../../support/server.js';
import { readSnippets } from '../../support/snippets.js';
import { describeBrowser, launchChromium } from '../../support/use-browser.js';

/** The program of docs/training-on-onnxruntime.md, bundled with the packed packages. */
const root = resolve(__dirname, '../../..');

/** Float32 in another order of sums, which 30 steps of Adam carry on: 2e-6 seen. */
const FLOAT32 = 1e-4;

interface Trained {
  readonly losses: readonly number[];
  /** Of the checkpoint. */
  readonly bytes: readonly number[];
}

declare global {
  var runTraining: (device: string, pause?: () => Promise<unknown>) => Promise<Trained>;
  var paused: boolean | undefined;
}

const main = `
import { train } from './train.js';
const pictures = Array.from({ length: 24 }, (_, n) =>
  Array.from({ length: 64 }, (_, i) => (7 * n + 20 * (i % 8)) % 256),
);
globalThis.runTraining = async (device, pause = () => {}) => {
  const losses = [];
  const bytes = await train(pictures, device, (_, bitsPerDim) => {
    losses.push(bitsPerDim);
    return pause();
  });
  return { losses, bytes: [...bytes] };
};`;

const html = `<!doctype html>
<link rel="icon" href="data:,">
<script type="module" src="./main.js"></script>`;

const app = mkdtempSync(join(tmpdir(), 'glow-training-'));
let inNode: Trained;
beforeAll(() => {
  const snippets = readSnippets(join(root, 'docs/training-on-onnxruntime.md'));
  const program = snippets.find(({ mark }) => mark === 'file=train.js');
  writeFileSync(join(app, 'train.js'), program?.text ?? '');
  writeFileSync(join(app, 'main.js'), main);
  writeFileSync(join(app, 'index.html'), html);
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }');
  const { flow, graph, runtime, exporter, trainer } = tarballs();
  npm(app, 'install', flow, graph, runtime, exporter, trainer);
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  execFileSync(process.execPath, [vite, 'build', '--base', './'], { cwd: app, stdio: 'pipe' });
  const print = "await import('./main.js'); console.log(JSON.stringify(await runTraining('wasm')))";
  const args = ['--input-type=module', '--eval', print];
  inNode = JSON.parse(execFileSync(process.execPath, args, { cwd: app, encoding: 'utf8' }));
}, 600_000);
afterAll(() => rmSync(app, { recursive: true }));

test('what a page loads of it besides ONNX Runtime is below 60 kB, gzipped', () => {
  const assets = join(app, 'dist/assets');
  const [own] = readdirSync(assets).filter((name) => /^index-.*\.js$/.test(name));
  const bytes = gzipSync(readFileSync(join(assets, own as string))).length;
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(60_000);
});

describeBrowser('training in a page that is not isolated, from the packed packages', () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  beforeAll(async () => {
    const [, csp] = /^(default-src .*)$/m.exec(readFileSync(join(root, 'docs/bundlers.md'), 'utf8')) ?? [];
    server = await startServer({ mounts: { '/app/': join(app, 'dist/') }, csp: csp as string });
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`${server.origin}/app/index.html`);
    await page.waitForFunction(() => 'runTraining' in globalThis);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  test.each(['wasm', 'webgpu'])(
    'on %s loses what it loses in Node',
    async (device) => {
      const { losses, bytes } = await page.evaluate((device) => globalThis.runTraining(device), device);
      expect(losses).toHaveLength(30);
      expect(losses[29]).toBeLessThan((losses[0] as number) - 1);
      const apart = losses.map((loss, step) => Math.abs(loss - (inNode.losses[step] as number)));
      expect(Math.max(...apart)).toBeLessThan(FLOAT32);
      const [trained, expected] = [bytes, inNode.bytes].map((all) => parseCheckpoint(Uint8Array.from(all)));
      expect(trained).toMatchObject({
        initialised: true,
        config: expected?.config,
        progress: { updates: 30 },
      });
      const kept = device === 'webgpu' ? ', parameters kept there' : '';
      expect(trained?.training).toEqual({ engine: `ONNX Runtime on ${device}${kept}` });
      expect(errors).toEqual([]);
    },
    600_000,
  ); // SwiftShader takes a while to compile 200 shaders

  test('on a GPU that is lost on the way ends in an error that says so', async () => {
    const ended = page.evaluate(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      const pause = async () => {
        const device = await adapter?.requestDevice(); // is told of the loss after ONNX Runtime's, which is older
        globalThis.paused = true;
        await device?.lost;
      };
      const error: Error = await globalThis.runTraining('webgpu', pause).catch((thrown) => thrown);
      return error.message;
    });
    const paused = page.waitForFunction(() => globalThis.paused, undefined, { timeout: 0 });
    await Promise.race([paused, ended]);
    const chromium = await browser.newBrowserCDPSession();
    await chromium.send('Browser.crashGpuProcess');
    expect(await ended).toMatch(
      /^training: gradient of 8 images on webgpu: the GPU was lost; .* reload the page/,
    );
  }, 600_000);
});
