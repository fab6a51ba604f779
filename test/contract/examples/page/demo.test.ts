/// <reference lib="dom" />
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { describeBrowser, newContext } from '../../../support/use-browser.js';
import { builtPage } from './site.js';
import { readout, timeoutMs } from './use-page.js';

jest.setTimeout(timeoutMs);

const root = resolve(__dirname, '../../../..');

/** `npm run demo`, in a process group of its own as in a terminal. @returns it, and the address that it prints. */
async function startDemo(...args: string[]): Promise<{ demo: ChildProcess; address: string }> {
  const demo = spawn('npm', ['run', 'demo', '--', ...args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production', NO_COLOR: '1' }, // not Jest's
  });
  let printed = '';
  const address = await new Promise<string>((found, failed) => {
    const look = (chunk: Buffer) => {
      printed += chunk;
      const [match] = /http:\/\/localhost:\d+\//.exec(printed) ?? [];
      if (match) found(match);
    };
    demo.stdout?.on('data', look);
    demo.stderr?.on('data', look);
    demo.on('exit', (code) => failed(new Error(`npm run demo ended with ${code}: ${printed}`)));
  });
  return { demo, address };
}

/** Ctrl-C reaches every process of the terminal's group. */
async function pressCtrlC(demo: ChildProcess): Promise<void> {
  const ended = once(demo, 'exit');
  process.kill(-(demo.pid as number), 'SIGINT');
  await ended;
}

describeBrowser('npm run demo', () => {
  beforeAll(builtPage, timeoutMs); // not two builds at once

  test('builds the page, serves it with the headers of threads beside a taken port, and ends by Ctrl-C', async () => {
    const port = 20_000 + (process.pid % 10_000); // below those that systems hand out, as to other tests' servers
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(port, 'localhost', resolve));
    const { demo, address } = await startDemo('--port', `${port}`);
    try {
      expect(Number(new URL(address).port)).toBeGreaterThan(port);
      const { headers } = await fetch(address);
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      const context = await newContext();
      try {
        const page = await context.newPage();
        await page.goto(address);
        expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
        await page
          .locator('#hero')
          .getByText('0 of 3072 values differ')
          .waitFor({ timeout: timeoutMs / 2 });
        expect(await readout(page, 'Runs on').textContent()).toMatch(/^WebAssembly, \d+ threads?$/);
      } finally {
        await context.close();
      }
    } finally {
      await pressCtrlC(demo);
      taken.close();
    }
    await expect(fetch(address)).rejects.toThrow();
  });
});
