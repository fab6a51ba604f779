/// <reference lib="dom" />
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { startServer } from '../../support/server.js';
import type { Snippet } from '../../support/snippets.js';
import type { TestBrowser } from '../../support/use-browser.js';

const root = join(__dirname, '../../..');
const ort = join(root, 'node_modules/onnxruntime-web/dist');
const head = `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="importmap">{ "imports": { "@glow-onnx/runtime": "/glow/glow.min.js" } }</script>`;

/**
 * Runs a page's snippets in Chromium, each on a page of its own whose body is the html before it, its folder served
 * beside it.
 * @returns what runs one: it gives what that printed. @throws Error if it fails, or prints an error.
 */
export function browserRunner(browser: TestBrowser, folder: string): (snippet: Snippet) => Promise<string> {
  let body = '';
  return async ({ language, line, text }) => {
    if (language === 'html') {
      body = text;
      return '';
    }
    writeFileSync(join(folder, `line-${line}.js`), text);
    writeFileSync(join(folder, `line-${line}.html`), `${head}\n${body}`);
    const wasm = readdirSync(ort).filter((name) => /^ort-wasm.*\.(wasm|mjs)$/.test(name));
    const server = await startServer({
      mounts: {
        '/': `${folder}/`,
        '/glow/': join(root, 'packages/runtime/dist/script/'),
        ...Object.fromEntries(wasm.map((name) => [`/glow/${name}`, join(ort, name)])),
      },
    });
    const page = (await browser.page.context().browser()?.newPage()) as Page;
    try {
      const [printed, errors]: [string[], string[]] = [[], []];
      page.on('console', (message) => (message.type() === 'error' ? errors : printed).push(message.text()));
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.goto(`${server.origin}/line-${line}.html`);
      await page.evaluate(`import('/line-${line}.js').then(() => {})`);
      if (errors.length > 0) throw new Error(`the page prints errors: ${errors.join('\n')}`);
      return printed.filter((text) => text !== 'No available adapters.').join('\n');
    } finally {
      await page.close();
      await server.close();
    }
  };
}
