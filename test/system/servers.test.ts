import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { npm, tarballs } from '../support/installed-app.js';

/** The servers of docs/servers.md, with the packed packages and the frameworks as the registry has them. */
const root = resolve(__dirname, '../..');
const app = mkdtempSync(join(tmpdir(), 'glow servers ü '));
afterAll(() => rmSync(app, { recursive: true }));

beforeAll(() => {
  cpSync(join(root, 'models/faces'), join(app, 'models/faces'), { recursive: true });
  cpSync(join(root, 'examples/servers'), app, { recursive: true });
  writeFileSync(join(app, 'package.json'), '{ "private": true }');
  const { flow, graph, runtime } = tarballs();
  npm(app, 'install', '--ignore-scripts', flow, graph, runtime, 'onnxruntime-node', 'express', 'fastify');
}, 300_000);

describe.each(['express', 'fastify'])('the server with %s', (framework) => {
  let server: ChildProcess;
  let origin: string;
  beforeAll(async () => {
    server = spawn(process.execPath, [`${framework}.mjs`], {
      cwd: app,
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(server.stdout as never, 'data');
    origin = String(line).trim();
  }, 60_000);
  afterAll(() => server.kill('SIGKILL'));

  const score = (body: BodyInit, signal: AbortSignal | null = null) =>
    fetch(`${origin}/score`, { method: 'POST', headers: { 'Content-Type': 'image/png' }, body, signal });

  test('draws a face and scores it', async () => {
    const drawn = await fetch(`${origin}/sample?seed=3`);
    expect(drawn.headers.get('content-type')).toContain('image/png');
    const scored = await score(await drawn.arrayBuffer());
    expect(scored.status).toBe(200);
    expect(await scored.json()).toMatchObject({ bitsPerDim: expect.any(Number), excess: expect.any(Number) });
  });

  test('sends latents as JSON, and decodes them to the same image', async () => {
    const post = (path: string, type: string, body: BodyInit) =>
      fetch(origin + path, { method: 'POST', headers: { 'Content-Type': type }, body });
    const image = await (await fetch(`${origin}/sample?seed=4`)).arrayBuffer();
    const json = await (await post('/encode', 'image/png', image)).text();
    expect(JSON.parse(json)).toMatchObject({ format: 'glow-latents', logProb: [expect.any(Number)] });
    const decoded = await post('/decode', 'application/json', json);
    expect(Buffer.from(await decoded.arrayBuffer())).toEqual(Buffer.from(image));
    const foreign = await post(
      '/decode',
      'application/json',
      json.replace(/"model":"\w{9}/, '"model":"000000000'),
    );
    expect(foreign.status).toBe(400);
    expect(await foreign.text()).toContain('latents: they belong to the model with weights 000000000');
    expect((await post('/decode', 'application/json', '{"z":[1]}')).status).toBe(400);
    expect((await post('/encode', 'image/png', '<!DOCTYPE html>')).status).toBe(400);
  });

  test('refuses what is no image, what is too large, and a seed that is no number', async () => {
    expect((await score('not an image')).status).toBe(400);
    expect((await score(new Uint8Array(2 ** 20 + 1))).status).toBe(413);
    expect((await fetch(`${origin}/sample?seed=x`)).status).toBe(400);
  });

  test('answers every one of many requests, of which some leave, and refuses those beyond its limit', async () => {
    const image = await (await fetch(`${origin}/sample`)).arrayBuffer();
    const statuses = await Promise.all(
      Array.from({ length: 80 }, (_, i) =>
        score(image, i % 5 === 0 ? AbortSignal.timeout(20 + i) : null).then(
          ({ status }) => status,
          () => 'left',
        ),
      ),
    );
    expect(new Set(statuses)).toEqual(
      new Set(statuses.filter((status) => [200, 503, 'left'].includes(status))),
    );
    expect(statuses).toContain(200);
    expect((await score(image)).status).toBe(200);
    expect(await (await fetch(`${origin}/health`)).text()).toBe('ok');
  });

  test('finishes what is under way at SIGTERM, and ends', async () => {
    const drawn = fetch(`${origin}/sample?seed=4`);
    await fetch(`${origin}/health`);
    const exit = once(server, 'exit');
    server.kill('SIGTERM');
    expect((await drawn).status).toBe(200);
    expect(await exit).toEqual([0, null]);
  });
});
