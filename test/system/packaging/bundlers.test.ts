/// <reference lib="dom" />
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import {
  createApp,
  installFromClone,
  linkBundlers,
  moduleFormats,
  restoringProgram,
} from '../../support/installed-app.js';
import { runSnippet } from '../../support/run-snippet.js';
import { startServer } from '../../support/server.js';
import { readSnippets } from '../../support/snippets.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';

/** docs/bundlers.md, done in an empty folder, and every page of it opened. */
const root = resolve(__dirname, '../../..');
const doc = join(root, 'docs/bundlers.md');
const app = createApp();
beforeAll(() => {
  installFromClone(app);
  linkBundlers(app);
  mkdirSync(join(app, 'dist-plain'));
}, 180_000);
afterAll(() => rmSync(app, { recursive: true }));

const cspOfDoc = () => /^default-src .*$/m.exec(readFileSync(doc, 'utf8'))?.[0] as string;

/** The policy, with the hashes of the scripts within the page. */
function cspFor(page: string): string {
  const scripts = [...readFileSync(page, 'utf8').matchAll(/<script(?![^>]*src)[^>]*>([\s\S]*?)<\/script>/g)];
  const hashes = scripts.map(
    ([, text]) =>
      `'sha256-${createHash('sha256')
        .update(text as string)
        .digest('base64')}'`,
  );
  return cspOfDoc().replace("'wasm-unsafe-eval'", ["'wasm-unsafe-eval'", ...hashes].join(' '));
}

describe('docs/bundlers.md', () => {
  test.each(readSnippets(doc))('line $line: $language $mark', (snippet) => runSnippet(snippet, app), 120_000);
});

test.each(moduleFormats)('the same installation restores a picture in Node: $format', ({ file, start }) => {
  writeFileSync(join(app, file), restoringProgram(start));
  expect(execFileSync(process.execPath, [file], { cwd: app, encoding: 'utf8' })).toBe('cpu 0\n');
});

describeBrowser('the page of docs/bundlers.md', () => {
  const browser = useBrowser();

  /** What the page says in the end, and whom else it asked. */
  async function open(address: string): Promise<{ status: string; foreign: string[]; errors: string[] }> {
    const page = (await browser.page.context().browser()?.newPage()) as Page;
    const { origin } = new URL(address);
    const [foreign, errors]: [string[], string[]] = [[], []];
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin))
        foreign.push(request.url());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(address);
    const done = () => /^\w+: \d/.test(document.querySelector('#status')?.textContent ?? '');
    await page.waitForFunction(done, undefined, { timeout: 30_000 }).catch(() => {});
    const status = (await page.textContent('#status')) ?? '';
    await page.close();
    return { status, foreign, errors };
  }

  const restored = 'wasm: 3072 of 3072 values came back';

  test.each([
    { by: 'Vite', page: 'dist/index.html', status: restored },
    { by: 'webpack', page: 'dist-webpack/index.html', status: restored },
    { by: 'esbuild', page: 'dist-esbuild/index.html', status: restored },
    { by: 'an import map', page: 'dist-plain/index.html', status: restored },
    { by: 'a script in the page', page: 'dist-plain/script.html', status: 'wasm: 2 faces' },
  ])(
    'by $by restores a picture under the policy, and asks no one else',
    async ({ page, status }) => {
      const [folder, name] = page.split('/') as [string, string];
      const mounts = { '/': join(app, folder, '/'), '/models/': join(app, 'public/models/') };
      const server = await startServer({ mounts, csp: cspFor(join(app, page)) });
      try {
        expect(await open(`${server.origin}/${name}`)).toEqual({ status, foreign: [], errors: [] });
      } finally {
        await server.close();
      }
    },
    60_000,
  );

  test("by Vite's server for development restores a picture", async () => {
    const { address, server } = await startVite();
    try {
      expect(await open(address)).toEqual({ status: restored, foreign: [], errors: [] });
    } finally {
      server.kill();
    }
  }, 60_000);
});

async function startVite(): Promise<{ address: string; server: ChildProcess }> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const server = spawn(process.execPath, [vite, '--host', '127.0.0.1'], { cwd: app, env });
  return new Promise((done, fail) => {
    let said = '';
    server.stdout.on('data', (text) => {
      said += text;
      const [address] = /http:\/\/127\.0\.0\.1:\d+\//.exec(said) ?? [];
      if (address) done({ address, server });
    });
    server.on('exit', () => fail(new Error(`vite ended: ${said}`)));
  });
}
