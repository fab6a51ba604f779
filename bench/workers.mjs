// A model in worker processes: start, memory, calls, throughput; then cycles of load, run, abort, dispose.
//   node bench/workers.mjs [--cycles 300] [--seconds 5] [--model models/pixel-faces]
// Linux only: memory comes from /proc. Pss counts what processes share in equal parts.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { loadGlow } from '@glow-onnx/runtime';
import { machine, median } from './models.mjs';

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '5' },
    model: { type: 'string', default: 'models/pixel-faces' },
  },
});
const [cycles, seconds] = [Number(values.cycles), Number(values.seconds)];
const cores = availableParallelism();
const load = (options) => loadGlow(values.model, { device: 'cpu', ...options });

console.log(machine());
await startAndMemory();
await calls();
await throughput();
await cycle();

function children() {
  const tasks = readdirSync('/proc/self/task').map((task) => `/proc/self/task/${task}/children`);
  return tasks.flatMap((path) => readFileSync(path, 'utf8').split(' ').filter(Boolean));
}

/** In MB: with a share of what processes share, and alone. */
function memory(pid = 'self') {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)[1]) / 1000;
  return { pss: field('Pss'), own: field('Private_Dirty') + field('Private_Clean') };
}

async function startAndMemory() {
  for (const worker of [false, 1, 2, 4]) {
    const times = [];
    let held = '';
    for (let i = 0; i < 5; i++) {
      const started = performance.now();
      const model = await load({ worker });
      times.push(performance.now() - started);
      await model.sample();
      const each = children().map(memory);
      held = each.map(({ pss, own }) => `${pss.toFixed(0)} (own ${own.toFixed(0)})`).join(', ');
      await model.dispose();
    }
    console.log(
      `load, worker ${worker}: ${median(times).toFixed(0)} ms; Pss of each worker in MB: ${held || '–'}`,
    );
  }
}

async function calls() {
  const [here, there] = [await load(), await load({ worker: true })];
  const images = await here.sample({ count: 16 });
  for (const count of [1, 16]) {
    const times = [[], []];
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until) {
      for (const [i, model] of [here, there].entries()) {
        const started = performance.now();
        await model.encode(images.slice(0, count));
        times[i].push(performance.now() - started);
      }
    }
    const [a, b] = times.map(median);
    console.log(`encode ${count}: ${a.toFixed(2)} ms in the program, ${b.toFixed(2)} ms in a worker`);
  }
  await Promise.all([here.dispose(), there.dispose()]);
}

async function throughput() {
  for (const [name, options] of [
    [`the program, ${cores} threads`, {}],
    [`1 worker, ${cores} threads`, { worker: 1 }],
    [`${cores} workers, 1 thread each`, { worker: cores }],
  ]) {
    const model = await load(options);
    const images = await model.sample({ count: 16 });
    let done = 0;
    const until = performance.now() + seconds * 1000;
    const started = performance.now();
    const client = async () => {
      while (performance.now() < until) done += (await model.encode(images)).z.length;
    };
    await Promise.all(Array.from({ length: 2 * cores }, client));
    console.log(`${name}: ${((1000 * done) / (performance.now() - started)).toFixed(0)} images/s, 16 a call`);
    await model.dispose();
  }
}

/** Prints the memory of this process after each tenth of the cycles. */
async function cycle() {
  const side = 512;
  const large = { data: new Uint8Array(3 * side * side), height: side, width: side, channels: 3 };
  for (let i = 1; i <= cycles; i++) {
    const model = await load({ worker: true });
    await model.sample({ seed: i });
    await model.encode(large, { signal: AbortSignal.timeout(30), fit: 'none' }).catch(({ name }) => {
      if (name !== 'TimeoutError') throw new Error(`cycle ${i}: expected TimeoutError, got ${name}`);
    });
    await model.dispose();
    if (i % Math.ceil(cycles / 10) > 0) continue;
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const megabytes = [rss, heapUsed].map((bytes) => (bytes / 1e6).toFixed(1));
    console.log(
      `cycle ${i}: ${megabytes[0]} MB resident, heap ${megabytes[1]} MB, ${children().length} processes`,
    );
  }
}
