// A server of models/pixel-faces under load on loopback: speed with and without batching, bad clients, memory, drain.
//   node bench/serve.mjs [--seconds 5] [--rounds 3] [--parts speed,clients,drain] [--doc docs/serving.md]
// With --doc, the document gets what was measured, between its marks; else it is printed. Progress goes to stderr.
// Linux only: memory and processor time come from /proc. The clients run in this process, on the same cores.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createRandom } from '@glow-onnx/flow/random';
import { table } from '../models/tables.mjs';
import { machine, median } from './models.mjs';
import { aroundPart, writePart } from './written-part.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    parts: { type: 'string', default: 'speed,clients,drain' },
    doc: { type: 'string' },
  },
});
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
const path = '/v2/models/pixel-faces-encode/infer';
const x = Float32Array.from({ length: 768 }, (_, i) => (((i * 7) % 32) + 0.5) / 32 - 0.5);
const json = Buffer.from(
  JSON.stringify({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3, 16, 16], parameters: { binary_data_size: 3072 } }],
    outputs: [{ name: 'log_prob', parameters: { binary_data: true } }],
  }),
);
const body = Buffer.concat([json, Buffer.from(x.buffer)]);
const headers = { 'content-length': body.length, 'inference-header-content-length': json.length };
const head = (length, more = '') =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n${more}\r\n`;

const command = 'bench/serve.mjs';
if (values.doc) aroundPart(values.doc, command); // says now, and not after minutes, what it lacks
const parts = { speed, clients: badClients, drain };
const [load1] = loadavg();
const found = [
  `\`node ${command} --doc docs/serving.md\` on ${machine()}; load of the machine at the start: ${load1.toFixed(1)}.`,
  'models/pixel-faces, one worker of one thread, a request with one image of 16×16 in bytes, `log_prob` as the answer. The clients',
  `run on the same cores. Medians of ${rounds} rounds of ${seconds} s that take turns; processor time is that of server and worker.\n`,
];
for (const name of values.parts.split(',')) {
  console.error(`${name} …`);
  found.push(await parts[name]());
}
const part = found.join('\n');
if (values.doc) writePart(values.doc, command, part);
else console.log(part);

async function start(...flags) {
  const process_ = spawn(
    process.execPath,
    [
      'packages/serve/bin/glow-serve.js',
      'models/pixel-faces',
      '--port',
      '0',
      '--threads',
      '1',
      '--log-level',
      'error',
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(process_.stdout, 'data');
  const port = Number(/:(\d+)\n/.exec(line)[1]);
  const { pid } = process_;
  const pids = () => [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')];
  const stat = (id, field) =>
    Number(readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1].split(' ')[field]);
  return {
    ...{ process: process_, port },
    /** Resident MB of the server and of its worker. */
    memory: () => pids().map((id) => Math.round((stat(id, 21) * 4096) / 1e6)),
    /** Processor time of both in ms. */
    cpu: () => pids().reduce((sum, id) => sum + 10 * (stat(id, 11) + stat(id, 12)), 0),
    async stop() {
      const exit = once(process_, 'exit');
      process_.kill('SIGTERM');
      return (await exit)[0];
    },
  };
}

function ask(port, agent) {
  return new Promise((resolve) => {
    const sent = request({ port, host: '127.0.0.1', method: 'POST', path, agent, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    sent.on('error', ({ code }) => resolve(code)).end(body);
  });
}

/** @returns times of answers in ms, how many requests got each status, and answers a second. */
async function load(port, clients, forSeconds, onEnd = () => {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const [times, counts] = [[], {}];
  const started = performance.now();
  const end = started + 1000 * forSeconds;
  const client = async () => {
    while (performance.now() < end) {
      const since = performance.now();
      const status = await ask(port, agent);
      if (status === 200) times.push(performance.now() - since);
      else await sleep(5);
      counts[status] = (counts[status] ?? 0) + 1;
      onEnd(since, status);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  const rate = (1000 * times.length) / (performance.now() - started);
  return { times: times.sort((a, b) => a - b), counts, rate };
}

/** How many requests got each status. */
function shown(counts) {
  return Object.entries(counts)
    .map(([status, count]) => `${count} times ${status}`)
    .join(', ');
}

function quantile(times, share) {
  return times[Math.min(times.length - 1, Math.floor(share * times.length))];
}

async function speed() {
  const choices = [
    ['--max-batch', '1'],
    ['--max-wait', '0'],
    ['--max-wait', '2'],
  ];
  const servers = await Promise.all(choices.map((flags) => start(...flags)));
  for (const { port } of servers) await load(port, 8, 1);
  const rows = [];
  for (const clients of [1, 32, 256]) {
    const found = choices.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, server] of servers.entries()) {
        const before = server.cpu();
        const { times, counts, rate } = await load(server.port, clients, seconds);
        const failed = Object.keys(counts).filter((status) => status !== '200');
        if (failed.length > 0) console.error(`${choices[i].join(' ')}: also ${JSON.stringify(counts)}`);
        found[i].push({
          rate,
          cpu: (server.cpu() - before) / times.length,
          ...{ p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
        });
      }
    }
    for (const [i, runs] of found.entries()) {
      const of = (name, digits) => median(runs.map((run) => run[name])).toFixed(digits);
      rows.push([
        ...[clients, choices[i][1] === '0' ? 'default' : `\`${choices[i].join(' ')}\``],
        ...[of('rate', 0), `${of('cpu', 1)} ms`, `${of('p50', 0)} ms`, `${of('p99', 0)} ms`],
        `${servers[i].memory().join(' + ')} MB`,
      ]);
    }
  }
  await Promise.all(servers.map(({ stop }) => stop()));
  const head = ['clients', '', 'requests/s', 'processor time of one', 'p50', 'p99', 'memory'];
  return `${table('rlr', head, rows)}\n`;
}

async function badClients() {
  const lines = [];
  const server = await start('--timeout', '5000');
  const { port } = server;
  await load(port, 32, seconds);
  lines.push(`- Memory of server and worker at the start: ${server.memory().join(' + ')} MB.`);

  const sockets = (count, use) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const socket = connect(port, '127.0.0.1').on('error', () => {});
        await once(socket, 'connect');
        use(socket.resume());
        return once(socket, 'close');
      }),
    );
  const drip = (socket) => {
    socket.write(head(body.length));
    const timer = setInterval(() => socket.write('{'), 500);
    socket.on('close', () => clearInterval(timer));
  };
  for (const [name, use] of [
    ['100 clients that send a byte from time to time', drip],
    ['100 connections with half a header', (socket) => socket.write(head(9).slice(0, 40))],
    ['100 connections that send nothing', () => {}],
  ]) {
    const since = performance.now();
    const closed = sockets(100, use);
    const { times, counts } = await load(port, 32, seconds);
    const all = await Promise.race([closed.then(() => true), sleep(75_000).then(() => false)]);
    const after = ((performance.now() - since) / 1000).toFixed(0);
    lines.push(
      `- ${name}, with a timeout of 5 s: ${all ? `all closed after ${after} s` : 'not all closed after 75 s'}; 32 others: ${shown(counts)}, ` +
        `p99 ${quantile(times, 0.99).toFixed(0)} ms; memory ${server.memory().join(' + ')} MB.`,
    );
  }

  const { uniform } = createRandom(1);
  const below = (n) => Math.floor(uniform() * n);
  const statuses = {};
  const full = Buffer.concat([
    Buffer.from(head(body.length, `inference-header-content-length: ${json.length}\r\n`)),
    body,
  ]);
  for (let i = 0; i < 1000; i++) {
    const bytes = Buffer.from(full.subarray(0, below(4) === 0 ? below(full.length) : full.length));
    for (let change = 0; change <= below(8); change++) bytes[below(Math.min(bytes.length, 500))] = below(256);
    const answer = await new Promise((resolve) => {
      let got = '';
      const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
      socket.on('data', (data) => {
        got += data;
      });
      socket.on('error', () => {}).on('close', () => resolve(got));
    });
    const status = /^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? 'closed';
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  const { counts } = await load(port, 32, seconds);
  lines.push(
    `- 1,000 malformed requests (random bytes changed or cut off): ${shown(statuses)}; 32 others then: ${shown(counts)}; ` +
      `memory ${server.memory().join(' + ')} MB.`,
  );
  for (let i = 0; i < rounds; i++) await load(port, 256, seconds);
  lines.push(`- After ${rounds} more rounds with 256 clients: memory ${server.memory().join(' + ')} MB.`);
  await server.stop();
  return lines.join('\n');
}

async function drain() {
  const lines = [];
  for (const clients of [32, 256]) {
    const server = await start();
    const [before, after] = [{}, {}];
    let signalled = Number.POSITIVE_INFINITY;
    const loading = load(server.port, clients, 3, (since, status) => {
      const counts = since < signalled ? before : after;
      counts[status] = (counts[status] ?? 0) + 1;
    });
    await sleep(2000);
    signalled = performance.now();
    const code = await server.stop();
    const took = performance.now() - signalled;
    await loading;
    lines.push(
      `- SIGTERM under ${clients} clients: ended with ${code} after ${took.toFixed(0)} ms; ` +
        `requests sent before it ${shown(before)}, after it ${shown(after)}.`,
    );
  }
  return lines.join('\n');
}
