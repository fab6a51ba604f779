// Images/s and peak memory of training, per model and backend, beside a plain TensorFlow.js loop and PyTorch:
//
//     node bench/training.mjs [--seconds 20] [--rounds 1] [--only 'hidden 64'] [--backend onnxruntime,PyTorch] [--python python3]
//                             [--json]
//
// Each number is a process of its own; with several rounds, the columns take turns. A backend or peer that is not here is left
// out, WebGPU without a GPU too.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createConfig, encodeCheckpoint } from '@glow-onnx/flow';
import { machine, randomCheckpoint } from './models.mjs';
import { trainingReport } from './reports.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    backend: { type: 'string', default: '' },
    python: { type: 'string', default: 'python3' },
    json: { type: 'boolean', default: false },
  },
});
const tooSlow = 'too slow';
const cores = availableParallelism();
const wanted = values.backend.split(',');
const models = [
  { name: '1×32×32, K=8, hidden 64', channels: 1, steps: 8, hiddenChannels: 64, batch: 64 },
  { name: '3×32×32, K=8, hidden 128', channels: 3, steps: 8, hiddenChannels: 128, batch: 32 },
  { name: '3×32×32, K=8, hidden 512', channels: 3, steps: 8, hiddenChannels: 512, batch: 16 },
  { name: '3×32×32, K=32, hidden 512', channels: 3, steps: 32, hiddenChannels: 512, batch: 16 },
].filter(({ name }) => name.includes(values.only));
const columns = [
  { name: 'onnxruntime cpu', engine: 'onnxruntime', device: 'cpu', threads: cores },
  { name: `wasm, ${cores} threads`, device: 'wasm', threads: cores },
  { name: 'wasm, 1 thread', device: 'wasm', threads: 1 },
  { name: 'node', device: 'node', threads: 1 },
  { name: 'node-gpu', device: 'node-gpu', threads: 1 },
  { name: 'webgpu', device: 'webgpu', threads: 1 },
  { name: 'cpu', device: 'cpu', threads: 1 },
  { name: 'plain loop wasm', device: 'wasm', plain: true },
  { name: 'plain loop node', device: 'node', plain: true },
  { name: 'PyTorch', python: [] },
  { name: 'torch.compile', python: ['--compile'] },
].filter(({ name }) => wanted.some((one) => name.includes(one)));

const rows = [];
const here = new Map(columns.map((column) => [column.name, true]));
for (const { name, batch, ...model } of models) {
  const config = createConfig({ height: 32, width: 32, levels: 3, ...model });
  const cells = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const column of columns) {
      if (!here.get(column.name)) continue;
      const before = [rows.at(-1)?.cells[column.name], cells[column.name]]; // models grow
      const found = before.includes(tooSlow)
        ? tooSlow
        : column.python
          ? runPython(config, batch, column.python)
          : runNode({ config, batch, ...column });
      if (found === undefined) here.set(column.name, false);
      else if (found === tooSlow) cells[column.name] = found;
      else cells[column.name] = [...(cells[column.name] ?? []), found];
      console.error(
        `${name}, ${column.name}: ${found?.imagesPerSecond.toPrecision(3) ?? found ?? 'not here'}`,
      ); // as they come
    }
  }
  rows.push({ name, batch, cells });
}
const result = { machine: machine(), rounds: Number(values.rounds), rows };
console.log(values.json ? JSON.stringify(result) : trainingReport(result));

/** One measurement in a process of its own; undefined if its backend is not here. */
function runNode(measurement) {
  const script = fileURLToPath(new URL('training-case.mjs', import.meta.url));
  const argument = JSON.stringify({ ...measurement, seconds: Number(values.seconds) });
  return run(process.execPath, ['--disable-warning=ExperimentalWarning', script, argument]);
}

function runPython(config, batch, more) {
  const folder = mkdtempSync(join(tmpdir(), 'glow-bench-'));
  try {
    const checkpoint = join(folder, 'start.safetensors');
    writeFileSync(checkpoint, encodeCheckpoint(randomCheckpoint(config)));
    const script = fileURLToPath(new URL('peers/training.py', import.meta.url));
    return run(values.python, [script, checkpoint, '--batch', batch, '--seconds', values.seconds, ...more]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(command, argv) {
  const timeout = 1000 * (Number(values.seconds) + 180);
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout };
  try {
    const printed = execFileSync(command, argv.map(String), options);
    const { imagesPerSecond, megabytes } = JSON.parse(printed.trim().split('\n').at(-1));
    return imagesPerSecond === null ? tooSlow : { imagesPerSecond, megabytes };
  } catch (error) {
    return error.code === 'ETIMEDOUT' ? tooSlow : undefined;
  }
}
