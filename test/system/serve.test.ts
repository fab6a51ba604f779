import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { encodePng } from '@glow-onnx/runtime/node';
import { npm, tarballs } from '../support/installed-app.js';
import { pythonPath, tritonClient } from '../support/machine.js';
import { testNeeding } from '../support/needing.js';

/** The command glow-serve as a process, from the packed packages, with clients of other makers. */
const root = resolve(__dirname, '../..');
const faces = join(root, 'models/pixel-faces');
const app = mkdtempSync(join(tmpdir(), 'glow serve ü '));
const token = 'a-token-of-24-characters';
const servers: ChildProcess[] = [];

beforeAll(() => {
  writeFileSync(join(app, 'package.json'), '{ "private": true }');
  writeFileSync(join(app, 'token'), `${token}\n`);
  const { flow, graph, runtime, serve } = tarballs();
  npm(app, 'install', '--ignore-scripts', flow, graph, runtime, serve, 'onnxruntime-node');
}, 300_000);
afterAll(() => {
  for (const server of servers) server.kill('SIGKILL');
  rmSync(app, { recursive: true });
});

interface Running {
  readonly process: ChildProcess;
  readonly address: string;
  readonly port: number;
  /** What it has written to its log. */
  log(): string;
}

/** As npx runs it, without npx between this process and its signals. */
async function start(...flags: string[]): Promise<Running> {
  const command = join(app, 'node_modules/.bin/glow-serve');
  const server = spawn(command, [faces, '--port', '0', '--threads', '1', ...flags], {
    cwd: app,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  servers.push(server);
  let log = '';
  server.stderr?.on('data', (text) => {
    log += text;
  });
  const [line] = await Promise.race([
    once(server.stdout as never, 'data'),
    once(server, 'exit').then(() => Promise.reject(new Error(`glow-serve ended: ${log}`))),
  ]);
  const [, address] = /^serving pixel-faces:1 at (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(String(line)) ?? [];
  if (address === undefined) throw new Error(`glow-serve printed ${line}`);
  return { process: server, address, port: Number(new URL(address).port), log: () => log };
}

/** Random bins of images, as a request in bytes. */
function inferBody(side: number): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } {
  const x = Float32Array.from({ length: 3 * side * side }, (_, i) => (((i * 7) % 32) + 0.5) / 32 - 0.5);
  const json = Buffer.from(
    JSON.stringify({
      inputs: [
        {
          ...{ name: 'x', datatype: 'FP32', shape: [1, 3, side, side] },
          parameters: { binary_data_size: x.byteLength },
        },
      ],
      outputs: [{ name: 'log_prob' }],
    }),
  );
  return {
    body: new Uint8Array(Buffer.concat([json, Buffer.from(x.buffer)])),
    headers: { 'inference-header-content-length': String(json.length) },
  };
}

function infer({ address }: Running, side = 16, more: Record<string, string> = {}): Promise<Response> {
  const { body, headers } = inferBody(side);
  const options = { method: 'POST', body, headers: { ...headers, ...more } };
  return fetch(`${address}/v2/models/pixel-faces-encode/infer`, options);
}

async function logProbOf(answer: Promise<Response>): Promise<number> {
  const { outputs } = await (await answer).json();
  return outputs[0].data[0];
}

/** What the server sends to a connection that sends this, until one of the two closes it. */
function raw({ port }: Running, text: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    let got = '';
    socket.on('data', (data) => {
      got += data;
    });
    socket.on('error', () => resolve(got));
    socket.on('close', () => resolve(got));
  });
}

describe('a server', () => {
  let server: Running;
  beforeAll(async () => {
    server = await start('--max-wait', '5');
  }, 60_000);

  testNeeding(tritonClient)(
    "answers NVIDIA's client to the last bit of Python's ONNX Runtime, and every pixel comes back",
    async () => {
      const script = join(root, 'test/support/triton-client.py');
      const { stdout } = await promisify(execFile)(pythonPath, [
        script,
        `127.0.0.1:${server.port}`,
        faces,
        '',
      ]);
      expect(JSON.parse(stdout)).toEqual({
        ...{ live: true, ready: true, modelReady: true, server: ['binary_tensor_data'] },
        ...{ inputs: [['x', [-1, 3, -1, -1]]], jsonIsBinary: true, samePixels: true },
        zError: expect.closeTo(0, 4), // another number of threads may add in another order
        logProbError: expect.closeTo(0, 5),
        slopeError: expect.closeTo(0, 1), // of the differences in float32: 0.0007 was measured
        ...{
          pulledShapes: [
            [3, 6, 8, 8],
            [3, 12, 4, 4],
            [3, 48, 2, 2],
          ],
        },
        byVersion: ['seven', '1', ['z0', 'z1', 'z2', 'log_prob']],
        error: expect.stringMatching(/^400 input "x": expected the shape/),
      });
    },
    120_000,
  );

  test('answers 32 clients at once as it answers one', async () => {
    const alone = await logProbOf(infer(server));
    const together = await Promise.all(Array.from({ length: 32 }, () => logProbOf(infer(server))));
    for (const logProb of together) expect(logProb).toBeCloseTo(alone, 1); // of 50,000 nats
    const metrics = await (await fetch(`${server.address}/metrics`)).text();
    const [, runs] = /batch_images_count\{model="pixel-faces:1",call="encode"\} (\d+)/.exec(metrics) ?? [];
    const [, images] = /batch_images_sum\{model="pixel-faces:1",call="encode"\} (\d+)/.exec(metrics) ?? [];
    expect(Number(runs)).toBeLessThan(Number(images) / 2);
  });

  test('survives what is no request, and answers the next one', async () => {
    const head =
      'POST /v2/models/pixel-faces-encode/infer HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n';
    const withBody = (text: string, more = '') =>
      `${head}${more}content-length: ${text.length}\r\n\r\n${text}`;
    for (const [text, status] of [
      ['\x16\x03\x01\x02 no HTTP at all\r\n\r\n', 400],
      [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`, 431],
      [withBody('{'), 400],
      [withBody('[['.repeat(50_000)), 400],
      [
        withBody(`{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3,8,8],"data":${'['.repeat(9)}}]}`),
        400,
      ],
      [withBody('{"__proto__":{"inputs":[]}}'), 400],
      [withBody('{}', 'inference-header-content-length: 99\r\n'), 400],
      [withBody('{}', 'transfer-encoding: chunked\r\n'), 400],
      [`${head}content-length: 99999999999\r\n\r\n{`, 413],
    ] as const) {
      expect(await raw(server, text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    }
    expect((await infer(server)).status).toBe(200);
  });

  test('loses the call of a killed worker alone', async () => {
    const { pid } = server.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    expect(children).toHaveLength(1);
    const runs = async () => {
      const metrics = await (await fetch(`${server.address}/metrics`)).text();
      return Number(/batch_images_count\{model="pixel-faces:1",call="encode"\} (\d+)/.exec(metrics)?.[1]);
    };
    const before = await runs();
    const lost = infer(server, 512);
    while ((await runs()) === before);
    process.kill(Number(children[0]), 'SIGKILL');
    expect((await lost).status).toBe(503);
    expect((await infer(server)).status).toBe(200);
  });

  test('at SIGTERM answers all that is under way, takes nothing new, and ends with 0', async () => {
    const seen = async () => {
      const metrics = await (await fetch(`${server.address}/metrics`)).text();
      const numbers = metrics.matchAll(
        /^glow_onnx_requests_(?:under_way|total\{.*call="encode".*\}) (\d+)$/gm,
      );
      return [...numbers].reduce((sum, [, number]) => sum + Number(number), 0);
    };
    const before = await seen();
    const underWay = Array.from({ length: 40 }, () => infer(server, 64));
    while ((await seen()) < before + 40);
    const exit = once(server.process, 'exit');
    server.process.kill('SIGTERM');
    expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual(underWay.map(() => 200));
    expect(await exit).toEqual([0, null]);
    await expect(fetch(`${server.address}/v2/health/live`)).rejects.toThrow();
    const lines = server.log().trim().split('\n');
    expect(lines.map((line) => typeof JSON.parse(line).time)).toEqual(lines.map(() => 'number'));
  });
});

test('a server with limits answers 401, 413, 429 and 503, and never shows its token', async () => {
  const flags = [
    '--max-requests',
    '2',
    '--timeout',
    '3000',
    '--max-pixels',
    '500000',
    '--token-file',
    'token',
  ];
  const server = await start(...flags);
  const authorization = { authorization: `Bearer ${token}` };
  expect((await infer(server)).status).toBe(401);
  expect((await infer(server, 16, { authorization: 'Bearer wrong-token-of-24-letters' })).status).toBe(401);
  const model = `${server.address}/v2/models/pixel-faces-encode`;
  expect((await fetch(model, { headers: authorization })).status).toBe(200);
  const head = `POST /v2/models/pixel-faces-encode/infer HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n`;
  expect(await raw(server, `${head}content-length: ${2 ** 23 + 1}\r\n\r\n`)).toMatch(/^HTTP\/1.1 413 /);
  /** A few bytes that take seconds: eight draws of many pixels. */
  const score = async (side: number) => {
    const image = { data: new Uint8Array(side * side), width: side, height: side, channels: 1 };
    const body = new Uint8Array(await encodePng(image));
    const url = `${server.address}/models/pixel-faces/score?fit=none`;
    return fetch(url, { method: 'POST', body, headers: { ...authorization, 'content-type': 'image/png' } });
  };
  expect((await score(720)).status).toBe(413); // 518,400 pixels
  const held = [score(704), score(704)];
  const text = async () => (await fetch(`${server.address}/metrics`, { headers: authorization })).text();
  while (!(await text()).includes('requests_under_way 2'));
  expect((await infer(server, 16, authorization)).status).toBe(429);
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([503, 503]);
  const exit = once(server.process, 'exit');
  server.process.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(server.log()).toContain('no answer within 3000 ms');
  expect(server.log()).not.toContain(token);
}, 60_000);
