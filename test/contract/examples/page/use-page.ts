/// <reference lib="dom" />
import { mkdtempSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { type Server, startServer } from '../../../support/server.js';
import { newContext } from '../../../support/use-browser.js';
import { builtPage } from './site.js';
import { halvePictures, writeSmallModel } from './small-model.js';

/** Paths of the same build: with models/faces, and with a model small enough for WebGPU in software. */
export const paths = { faces: '/some/where/', small: '/small/' };

/** SwiftShader compiles slowly, and other tests run beside. */
export const timeoutMs = 180_000;

export interface OpenOptions {
  readonly path?: string;
  /** The tab, such as `morph`. */
  readonly tab?: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
  /** Chosen by its switch once the page has loaded. */
  readonly device?: 'wasm' | 'webgpu';
  /** Runs in the page before anything else. */
  readonly init?: () => void;
}

export interface PageTest {
  readonly server: Server;
  readonly context: BrowserContext;
  /** Opens the page in a tab of its own, its model loaded. */
  open(options?: OpenOptions): Promise<Page>;
  /** Opens a page of which every error and warning, and every request to elsewhere, fails the test. */
  newPage(): Promise<Page>;
  /** Forgets problems so far that this test brings about. */
  forgive(problem: RegExp): void;
}

/**
 * A server of the page and a browser context for the tests of a `describe`, where what moves by itself stands still.
 * @param host what the page's address has instead of localhost, which alone counts as secure without https.
 */
export function usePage({ host = 'localhost' } = {}): PageTest {
  let server: Server;
  let context: BrowserContext;
  const problems: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'glow-small-'));

  beforeAll(async () => {
    const page = `${await builtPage()}/`;
    await writeSmallModel(folder);
    await cp(join(page, 'model'), folder, { recursive: true, filter: ofThePage });
    await halvePictures(folder);
    const mounts = { [paths.faces]: page, [paths.small]: page, [`${paths.small}model/`]: `${folder}/` };
    server = await startServer({ isolated: true, mounts });
    context = await newContext({ reducedMotion: 'reduce' });
    context.setDefaultTimeout(timeoutMs / 3);
  }, timeoutMs);

  afterEach(() => expect(problems.splice(0)).toEqual([]));

  afterAll(async () => {
    await context?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  const origin = () => server.origin.replace('localhost', host);

  async function newPage(): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      const isNews = message.text() !== 'No available adapters.'; // Chromium's, where there is no GPU
      if (isNews && ['error', 'warning'].includes(message.type())) problems.push(message.text());
    });
    page.on('request', (request) => {
      const isOwn = request.url().startsWith(origin()) || /^(blob|data):/.test(request.url());
      if (!isOwn) problems.push(`asks for ${request.url()}`);
    });
    return page;
  }

  async function open(options: OpenOptions = {}): Promise<Page> {
    const { path = paths.faces, tab = 'sample', size = { width: 1280, height: 800 } } = options;
    const page = await newPage();
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: options.colorScheme ?? 'light' });
    if (options.init) await page.addInitScript(options.init);
    await page.goto(`${origin()}${path}#${tab}`);
    await untilLoaded(page);
    if (options.device) {
      await switchTo(page, options.device);
      expect(await page.locator('#machine .note').textContent()).not.toContain('does not work');
    }
    return page;
  }

  return {
    get server() {
      return server;
    },
    get context() {
      return context;
    },
    open,
    newPage,
    forgive: (problem) => problems.splice(0, Infinity, ...problems.filter((one) => !problem.test(one))),
  };
}

const titles = { auto: 'Auto', wasm: 'WebAssembly', webgpu: 'WebGPU' };

/** What the page shows of a model, besides the model. */
const ofThePage = (path: string) => !/(manifest|golden|config|onnx|directions)[^/]*$/.test(path);

/** Chooses a device by its switch, and waits for it. */
export async function switchTo(page: Page, device: keyof typeof titles): Promise<void> {
  await chooseDevice(page, titles[device]);
  await untilLoaded(page);
}

/** Presses a switch of the device. */
export async function chooseDevice(page: Page, title: string): Promise<void> {
  await page.locator('#machine details').evaluate((details) => details.setAttribute('open', ''));
  await page.locator('#machine').getByText(title, { exact: true }).first().click();
}

/** A readout of the machine's panel, such as 'Runs on'. */
export function readout(page: Page, name: string) {
  return page.locator('#machine .readouts > div', { hasText: name }).locator('output');
}

async function untilLoaded(page: Page): Promise<void> {
  await eventually(
    () => readout(page, 'Runs on').textContent(),
    (device) => expect(device).not.toBe('…'),
  );
}

/** Looks again until a claim holds; then its failure counts. */
export async function eventually<T>(look: () => Promise<T>, claim: (seen: T) => void): Promise<void> {
  const deadline = Date.now() + (2 / 3) * timeoutMs; // models/faces needs some of it on SwiftShader
  for (;;) {
    const seen = await look();
    try {
      return claim(seen);
    } catch (failure) {
      if (Date.now() > deadline) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
