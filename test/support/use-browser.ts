/// <reference lib="dom" />
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { bundle } from './bundle.js';
import * as machine from './machine.js';
import { describeNeeding } from './needing.js';
import { type Server, type ServerOptions, startServer } from './server.js';

const root = resolve(__dirname, '../..');
/** What the page of a test loads. */
const pageEntry = 'test/support/page.ts';

/** The tests' own server by a name that pages do not trust without https, unlike localhost. */
export const insecureHost = 'glow.test';

/** WebGPU by SwiftShader, so that no GPU is needed; nothing that reaches for the network. */
const flags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--ignore-gpu-blocklist',
  `--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`,
];

type Glow = typeof import('@glow-onnx/runtime') & typeof import('@glow-onnx/runtime/cache');

export interface TestBrowser {
  readonly page: Page;
  readonly server: Server;
  /** What the page printed and threw. */
  readonly messages: readonly string[];
  /** Addresses beyond the test's own server that the page asked for. */
  readonly foreign: readonly string[];
  /**
   * Runs a function in the page, with the runtime package and an argument. The function travels as text: it sees
   * neither the test's variables nor its imports. Argument and result are JSON, typed arrays included.
   */
  run<Arg, Result>(
    fn: (here: { glow: Glow; arg: Arg }) => Result | Promise<Result>,
    arg?: Arg,
  ): Promise<Result>;
}

export type BrowserOptions = Partial<ServerOptions>;

/** A Chromium of one's own, for a test that brings it down. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: machine.chromiumPath, args: flags });
}

let shared: Promise<Browser> | undefined;
afterAll(async () => (await shared)?.close());

/** A fresh context in the one Chromium of this test file, which starts when first asked for. */
export async function newContext(options?: BrowserContextOptions): Promise<BrowserContext> {
  shared ??= launchChromium();
  return (await shared).newContext(options);
}

/** For tests in a page; skipped where there is no Chromium. */
export const describeBrowser = describeNeeding(machine.chromium);

/**
 * A context with one page for the tests of a `describe`, closed whatever happens to them. The page has the
 * runtime package loaded, from this repository's sources, and all of `models/` at `/models/`.
 */
export function useBrowser(options: BrowserOptions = {}): TestBrowser {
  let context: BrowserContext | undefined;
  let server: Server | undefined;
  let page: Page | undefined;
  const messages: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    server = await startServer({ ...options, mounts: { ...packageMounts(), ...options.mounts } });
    context = await newContext();
    page = await context.newPage();
    page.on('console', (message) => messages.push(message.text()));
    page.on('pageerror', (error) => messages.push(String(error)));
    const { origin } = server;
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(origin))
        foreign.push(request.url());
    });
    await page.goto(origin);
    await page.addScriptTag({ type: 'module', url: '/bundle/page.js' });
    await page.waitForFunction(() => 'glow' in globalThis);
  }, 60_000);

  afterAll(async () => {
    await context?.close();
    await server?.close();
  });

  return {
    get page() {
      return page as Page;
    },
    get server() {
      return server as Server;
    },
    messages,
    foreign,
    async run<Arg, Result>(fn: (here: { glow: Glow; arg: Arg }) => Result | Promise<Result>, arg?: Arg) {
      const glow = await (page as Page).evaluateHandle('globalThis.glow');
      return (page as Page).evaluate(fn as never, { glow, arg }) as Promise<Result>;
    },
  };
}

function packageMounts(): Record<string, string> {
  const ort = join(root, 'node_modules/onnxruntime-web/dist');
  const binaries = readdirSync(ort).filter(
    (name) => /\.(wasm|mjs)$/.test(name) && name.startsWith('ort-wasm'),
  );
  return {
    '/bundle/': packageBundle(),
    // Where a bundler would put them: beside the code that asks for them.
    ...Object.fromEntries(binaries.map((name) => [`/bundle/${name}`, join(ort, name)])),
    '/models/': join(root, 'models'),
  };
}

/** The bundled package, made once for these sources: files named by their contents are shared between test files. */
export function packageBundle(): string {
  const sources = ['packages/flow/src', 'packages/runtime/src'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .map((name) => join(root, folder, name)),
  );
  const hash = createHash('sha256');
  for (const path of [...sources, join(root, pageEntry), join(root, 'package-lock.json')])
    hash.update(path).update(readFileSync(path));
  const folder = join(tmpdir(), `glow-browser-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  removeOld();
  const out = mkdtempSync(join(tmpdir(), 'glow-bundling-'));
  bundle({
    input: { page: pageEntry, worker: 'packages/runtime/src/browser/worker.ts' },
    out,
  });
  try {
    renameSync(out, folder);
  } catch {
    rmSync(out, { recursive: true }); // another test file was faster
  }
  return folder;
}

/** Bundles of sources that were there more than a day ago. */
function removeOld(): void {
  const dayAgo = Date.now() - 24 * 60 * 60 * 1000;
  for (const name of readdirSync(tmpdir()).filter((each) => each.startsWith('glow-browser-'))) {
    const path = join(tmpdir(), name);
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? dayAgo) < dayAgo) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}
