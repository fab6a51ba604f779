// How long the caller's events wait while a model works, with and without workers; and what workers cost:
// node bench/event-loop.mjs [MODEL]. Two processes keep two cores busy meanwhile; --quiet leaves them out.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { loadGlow } from '@glow-onnx/runtime';
import { machine } from './models.mjs';

const { values, positionals } = parseArgs({
  options: { quiet: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const folder = positionals[0] ?? 'models/pixel-faces';
const cores = availableParallelism();

const spin = 'for (;;);';
const busy = values.quiet ? [] : [0, 1].map(() => spawn(process.execPath, ['-e', spin], { stdio: 'ignore' }));
process.on('exit', () => {
  for (const each of busy) each.kill('SIGKILL');
});

/** Runs `work` and returns what it gave, its seconds, and how long events of this thread waited, in ms. */
async function watched(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  delay.enable();
  const started = performance.now();
  const result = await work();
  const seconds = (performance.now() - started) / 1000;
  await new Promise((resolve) => setTimeout(resolve, 20)); // an event that still waits
  delay.disable();
  // The histogram counts the interval of 1 ms between two looks as a delay.
  const ms = (nanoseconds) => Math.max(nanoseconds / 1e6 - 1, 0);
  return { result, seconds, p99: ms(delay.percentile(99)), max: ms(delay.max) };
}

function pictures(glow, count, size) {
  const { channels } = glow.config;
  return Array.from({ length: count }, (_, i) => ({
    data: Uint8Array.from({ length: size * size * channels }, (_, j) => Math.imul(i + j, 2654435761) >>> 24),
    width: size,
    height: size,
    channels,
  }));
}

/** Resident memory of this process's children, in MB. */
function childrenMegabytes() {
  const status = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/status`, 'utf8');
      } catch {
        return ''; // it has ended
      }
    });
  const own = new Set(busy.map(({ pid }) => pid));
  const field = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]);
  return status
    .filter((text) => field(text, 'PPid') === process.pid && !own.has(field(text, 'Pid')))
    .map((text) => Math.round(field(text, 'VmRSS') / 1024));
}

console.log(
  `${machine()}; ${values.quiet ? 'quiet' : 'two other processes keep two cores busy'}; ${folder}\n`,
);
console.log('| | seconds | events wait, p99 ms | at most, ms |');
console.log('|---|--:|--:|--:|');
const row = (name, { seconds, p99, max }) =>
  console.log(`| ${name} | ${seconds.toFixed(2)} | ${p99.toFixed(1)} | ${max.toFixed(1)} |`);

for (const worker of [false, true]) {
  const where = worker ? 'in a worker' : 'without';
  const load = await watched(() => loadGlow(folder, { device: 'cpu', worker }));
  const glow = load.result;
  row(`loadGlow, ${where}`, load);
  const faces = pictures(glow, 1000, glow.config.height);
  row(`encode 1,000 images, ${where}`, await watched(() => glow.encode(faces)));
  row(`score 200 images, ${where}`, await watched(() => glow.score(faces.slice(0, 200))));
  row(`sample 1,000 images, ${where}`, await watched(() => glow.sample({ count: 1000 })));
  const [large] = pictures(glow, 1, 1024);
  row(
    `reconstruct one of 1024×1024, ${where}`,
    await watched(() => glow.reconstruct(large, { fit: 'none' })),
  );
  await glow.dispose();
}

console.log('\n| | images/s | MB of each worker | start, s |');
console.log('|---|--:|--:|--:|');
const rates = [
  { name: `one process, ${cores} threads`, options: { worker: true, threads: cores }, callers: 1 },
  { name: `${cores} workers of 1 thread`, options: { worker: cores, threads: 1 }, callers: cores },
];
for (const { name, options, callers } of rates) {
  const { result: glow, seconds } = await watched(() => loadGlow(folder, { device: 'cpu', ...options }));
  const images = pictures(glow, 500, glow.config.height);
  await Promise.all(Array.from({ length: callers }, () => glow.encode(images.slice(0, 64))));
  const run = await watched(() => Promise.all(Array.from({ length: 8 }, () => glow.encode(images))));
  console.log(
    `| ${name} | ${((8 * images.length) / run.seconds).toFixed(0)} | ${childrenMegabytes().join(', ')} | ${seconds.toFixed(2)} |`,
  );
  await glow.dispose();
}
process.exit(0);
