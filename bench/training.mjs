// Images/s and peak memory of training, per model and backend, beside a plain TensorFlow.js loop and PyTorch:
//
//     node bench/training.mjs [--seconds 20] [--rounds 1] [--only 'hidden 64'] [--backend onnxruntime,PyTorch] [--python python3]
//                             [--until 5 [--seconds 300]] [--json]
//
// With --until, seconds (and steps) of ONNX Runtime and PyTorch until the mean bits/dim of the last 20 steps is as low:
// both start from one checkpoint and read the same drawn faces. Opening and compiling do not count.
//
// Each number is a process of its own, but PyTorch compiles once for each model and waits between its turns; with several
// rounds, the columns take turns. A backend or peer that is not here is left out, WebGPU without a GPU too. torch.compile
// compiles the loss as a whole, and of the model with K=32 each step of flow: the whole would take longer than all else.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createConfig, encodeCheckpoint } from '@glow-onnx/flow';
import { machine, named, randomCheckpoint } from './models.mjs';
import { trainingReport, untilReport } from './reports.mjs';
import { drawnFaces, startingCheckpoint } from './training-until.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    backend: { type: 'string', default: '' },
    python: { type: 'string', default: 'python3' },
    until: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const tooSlow = 'too slow';
const cores = availableParallelism();
const until = values.until && Number(values.until);
const rounds = until ? 1 : Number(values.rounds); // a training begins once
const models = named(
  [
    { name: '1×32×32, K=8, hidden 64', channels: 1, steps: 8, hiddenChannels: 64, batch: 64 },
    { name: '3×32×32, K=8, hidden 128', channels: 3, steps: 8, hiddenChannels: 128, batch: 32 },
    { name: '3×32×32, K=8, hidden 512', channels: 3, steps: 8, hiddenChannels: 512, batch: 16 },
    { name: '3×32×32, K=32, hidden 512', channels: 3, steps: 32, hiddenChannels: 512, batch: 16 },
  ],
  [values.only],
  'only',
);
const all = [
  { name: 'onnxruntime cpu', engine: 'onnxruntime', device: 'cpu', threads: cores },
  { name: `wasm, ${cores} threads`, device: 'wasm', threads: cores },
  { name: 'wasm, 1 thread', device: 'wasm', threads: 1 },
  { name: 'node', device: 'node', threads: 1 },
  { name: 'node-gpu', device: 'node-gpu', threads: 1 },
  { name: 'webgpu', device: 'webgpu', threads: 1 },
  { name: 'cpu', device: 'cpu', threads: 1 },
  { name: 'plain loop wasm', device: 'wasm', plain: true },
  { name: 'plain loop node', device: 'node', plain: true },
  { name: 'PyTorch', python: () => [] },
  { name: 'torch.compile', python: ({ steps }) => ['--compile', steps > 8 ? 'steps' : 'whole'] },
];
const able = all.filter(({ engine, python }) => until === undefined || engine || python);
const columns = named(able, values.backend.split(','), 'backend');

const folder = mkdtempSync(join(tmpdir(), 'glow-bench-'));
const rows = [];
const here = new Map(columns.map((column) => [column.name, true]));
for (const { name, batch, ...model } of models) {
  const config = createConfig({ height: 32, width: 32, levels: 3, ...model });
  const files = await writeFiles(config, batch);
  const cells = {};
  const peers = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const column of columns) {
      if (!here.get(column.name)) continue;
      const before = [rows.at(-1)?.cells[column.name], cells[column.name]]; // models grow
      const found = before.includes(tooSlow)
        ? tooSlow
        : column.python
          ? await askPython(peers, files, batch, column.python(config))
          : runNode({ config, batch, ...files, ...column });
      if (found === undefined) here.set(column.name, false);
      else if (found === tooSlow) cells[column.name] = found;
      else cells[column.name] = [...(cells[column.name] ?? []), found];
      console.error(`${name}, ${column.name}: ${found ? (shown(found) ?? found) : 'not here'}`); // as they come
    }
  }
  for (const { end } of peers.values()) end();
  rows.push({ name, batch, cells });
}
rmSync(folder, { recursive: true });
const result = { machine: machine(), rounds, rows, ...(until && { until }) };
console.log(values.json ? JSON.stringify(result) : (until ? untilReport : trainingReport)(result));

/** The files that both sides read: where they start and, with --until, what they see. */
async function writeFiles(config, batch) {
  const [start, pictures] = [join(folder, 'start.safetensors'), join(folder, 'faces.bin')];
  if (!until) {
    writeFileSync(start, encodeCheckpoint(randomCheckpoint(config)));
    return { start };
  }
  const faces = drawnFaces(config, 1024);
  writeFileSync(pictures, faces);
  writeFileSync(start, await startingCheckpoint(config, batch, faces));
  return { start, pictures };
}

/** One measurement in a process of its own; undefined if its backend is not here. */
function runNode(measurement) {
  const script = fileURLToPath(new URL('training-case.mjs', import.meta.url));
  const seconds = Number(values.seconds);
  const argument = JSON.stringify({ ...measurement, seconds, until, limit: seconds });
  return run(process.execPath, ['--disable-warning=ExperimentalWarning', script, argument]);
}

/** A turn of PyTorch in the process that the first turn started; undefined if PyTorch is not here. */
async function askPython(peers, files, batch, more) {
  const key = more.join();
  const peer = peers.get(key) ?? startPython(files, batch, more);
  peers.set(key, peer);
  const late = new AbortController();
  const limit = 1000 * (Number(values.seconds) + 600); // it may have to compile
  const found = await Promise.race([peer.turn(), setTimeout(limit, {}, late)]);
  late.abort();
  return found && (found.imagesPerSecond || found.seconds ? found : tooSlow);
}

function startPython({ start, pictures }, batch, more) {
  const script = fileURLToPath(new URL('peers/training.py', import.meta.url));
  const goal = until ? ['--until', until, '--pictures', pictures] : [];
  const argv = [script, start, '--batch', batch, '--seconds', values.seconds, ...goal, ...more];
  const child = spawn(values.python, argv.map(String), { stdio: ['pipe', 'pipe', 'ignore'] });
  for (const emitter of [child, child.stdin]) emitter.on('error', () => {}); // no PyTorch: there is no answer
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async turn() {
      child.stdin.write('\n');
      const { value } = await answers.next();
      return value && JSON.parse(value);
    },
    end: () => child.kill(),
  };
}

function run(command, argv) {
  const timeout = 1000 * (Number(values.seconds) + 180);
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout };
  try {
    const printed = execFileSync(command, argv.map(String), options);
    const found = JSON.parse(printed.trim().split('\n').at(-1));
    return found.imagesPerSecond || found.seconds ? found : tooSlow;
  } catch (error) {
    return error.code === 'ETIMEDOUT' ? tooSlow : undefined;
  }
}

function shown({ imagesPerSecond, seconds, steps }) {
  return seconds ? `${seconds.toPrecision(3)} s, ${steps} steps` : imagesPerSecond?.toPrecision(3);
}
