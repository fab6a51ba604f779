/// <reference lib="dom" />
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { loadGlow, type RawImage } from '@glow-onnx/runtime';
import sharp from 'sharp';
import { quietEnvironment } from './framework-app.js';
import { newContext } from './use-browser.js';

/** What a page says at last, and what went wrong on the way. */
export interface PageReport {
  readonly status: string;
  readonly errors: readonly string[];
  /** Addresses of other servers that the page asked for. */
  readonly foreign: readonly string[];
  /** Workers that run at the end. */
  readonly workers: number;
}

/** What the pages of docs/frameworks say in a browser without a GPU. */
export const restored: PageReport = {
  status: 'wasm: 3072 of 3072 values came back',
  errors: [],
  foreign: [],
  workers: 1,
};

/** Opens a page in Chromium until its `#status` says how many values came back, or for 60 s. */
export async function openPage(address: string): Promise<PageReport> {
  const context = await newContext();
  const page = await context.newPage();
  const [errors, foreign]: [string[], string[]] = [[], []];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // Browsers ask for it by themselves.
    if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico'))
      errors.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!/^(data|blob):$/.test(protocol) && origin !== new URL(address).origin) foreign.push(request.url());
  });
  await page.goto(address);
  const done = () => / values came back$/.test(document.querySelector('#status')?.textContent ?? '');
  await page.waitForFunction(done, undefined, { timeout: 60_000 }).catch(() => {});
  const status = (await page.textContent('#status')) ?? '';
  const workers = page.workers().length;
  await context.close();
  return { status, errors, foreign, workers };
}

/** Starts a server of a framework, waits until it answers, and ends it after `use`. */
export async function withServer<T>(
  folder: string,
  argsFor: (port: string) => readonly string[],
  use: (origin: string) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const server = spawn(process.execPath, argsFor(port), {
    cwd: folder,
    env: { ...quietEnvironment(), PORT: port, HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (said += text));
  const ended = once(server, 'exit');
  try {
    const origin = `http://127.0.0.1:${port}`;
    for (;;) {
      if (server.exitCode !== null) throw new Error(`the server has ended: ${said}`);
      const answer = await fetch(origin).catch(() => undefined);
      if (answer) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return await use(origin);
  } finally {
    server.kill();
    await ended;
  }
}

async function freePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return String(port);
}

/** The face that a route of docs/frameworks answers with, and the same face drawn here. */
export async function facesOf(
  origin: string,
): Promise<{ device: string | null; pixels: Buffer; expected: Buffer }> {
  const answer = await fetch(`${origin}/api/face?seed=3`);
  const body = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(`the route answers ${answer.status}: ${body}`);
  const glow = await loadGlow('models/faces');
  const [face] = (await glow.sample({ temperature: 0.7, seed: 3 })) as [RawImage];
  await glow.dispose();
  const pixels = await sharp(body).raw().toBuffer();
  return { device: answer.headers.get('x-device'), pixels, expected: Buffer.from(face.data) };
}
