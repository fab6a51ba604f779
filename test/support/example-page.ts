/// <reference lib="dom" />
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { type Server, startServer } from './server.js';
import { newContext } from './use-browser.js';

const root = resolve(__dirname, '../..');

/** A page of `examples`, built by Vite and served, for the tests of a `describe`. */
export interface ExamplePage {
  readonly page: Page;
  /** A folder for files of the test, removed after it. */
  readonly folder: string;
  /** What the page threw. */
  readonly problems: readonly string[];
}

export function useExamplePage(name: string, options?: BrowserContextOptions): ExamplePage {
  const folder = mkdtempSync(join(tmpdir(), `glow-${name}-`));
  const problems: string[] = [];
  let server: Server | undefined;
  let context: BrowserContext | undefined;
  let page: Page | undefined;

  beforeAll(async () => {
    const vite = join(root, 'node_modules/vite/bin/vite.js');
    const site = join(folder, 'site');
    const args = [vite, 'build', join(root, 'examples', name), '--outDir', site, '--logLevel', 'error'];
    const env = { ...process.env, NODE_ENV: 'production' }; // not Jest's
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
    if (status !== 0) throw new Error(`vite build: ${stderr}`);
    server = await startServer({ isolated: true, mounts: { [`/${name}/`]: `${site}/` } });
    context = await newContext(options);
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(`${server.origin}/${name}/`);
  }, 180_000);

  afterAll(async () => {
    await context?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  return {
    get page() {
      return page as Page;
    },
    folder,
    problems,
  };
}
