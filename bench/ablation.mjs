// The paper's comparison and our own, on Fashion-MNIST: 1×1 convolutions, couplings and presets at equal budget.
//
//     npm run ablation -- [--seeds 1,2,3] [--jobs 2] [--only tutorial,port] [--doc docs/ablation.md]
//
// Each run is a process of its own in runs/ablation/<variant>-<seed>. Kill it whenever you like: the same command goes
// on. In the end, and after each run, tables and charts in the document are those of all runs that are done.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createConfig } from '@glow-onnx/flow';
import { writeReport } from './ablation-report.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '/usr/share/datasets/fashion-mnist' },
    out: { type: 'string', default: 'runs/ablation' },
    doc: { type: 'string', default: 'docs/ablation.md' },
    only: { type: 'string' },
    seeds: { type: 'string', default: '1,2,3' },
    jobs: { type: 'string', default: '2' },
    steps: { type: 'string', default: '8' },
    hidden: { type: 'string', default: '32' },
    images: { type: 'string', default: '40000' },
    epochs: { type: 'string', default: '1' },
  },
});

const files = { training: 'train-images-idx3-ubyte.gz', test: 't10k-images-idx3-ubyte.gz' };
const data = Object.fromEntries(Object.entries(files).map(([use, file]) => [use, join(values.data, file)]));
for (const file of Object.values(data)) {
  if (existsSync(file)) continue;
  throw new Error(
    `ablation: ${file} is not here: apt-get install dataset-fashion-mnist, or pass --data <folder> with ` +
      Object.values(files).join(' and '),
  );
}

/** The paper's six, in its own form otherwise; then whole presets, and the mix that did best in short trials. */
const variants = {
  'lu-affine': { preset: 'openai', conv1x1: 'lu' },
  'shuffle-affine': { preset: 'openai', conv1x1: 'shuffle' },
  'reverse-affine': { preset: 'openai', conv1x1: 'reverse' },
  'lu-additive': { preset: 'openai', conv1x1: 'lu', coupling: 'additive' },
  'shuffle-additive': { preset: 'openai', conv1x1: 'shuffle', coupling: 'additive' },
  'reverse-additive': { preset: 'openai', conv1x1: 'reverse', coupling: 'additive' },
  tutorial: { preset: 'tutorial' },
  port: { preset: 'port' },
  openai: { preset: 'openai' },
  mix: {
    preset: 'tutorial',
    ...{ conv1x1: 'full', prior: 'learned', hiddenActnorm: true, outputGain: true, padding: 'border' },
  },
};
/** The rate was chosen for `tutorial`; `average` fits a run that ends with a rate of nothing. */
const settings = {
  epochs: Number(values.epochs),
  batch: 32,
  rate: 5e-3,
  warmup: 50,
  schedule: 'cosine',
  ema: 0.99,
  skipOutliers: 0,
  valFraction: 1 / 40,
};
const size = { channels: 1, height: 28, width: 28, steps: Number(values.steps) };

const names = values.only?.split(',') ?? Object.keys(variants);
const runs = values.seeds.split(',').flatMap((seed) =>
  names.map((variant) => {
    if (!variants[variant]) throw new RangeError(`--only: expected some of ${Object.keys(variants)}`);
    const { preset, ...change } = variants[variant];
    return {
      variant,
      out: join(values.out, `${variant}-${seed}`),
      config: createConfig({ ...size, hiddenChannels: Number(values.hidden), ...change }, preset),
      settings: { ...settings, seed: Number(seed) },
      data,
      limit: Number(values.images),
    };
  }),
);

const running = new Set();
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopped = true;
    process.exitCode = 130;
    for (const child of running) child.kill(signal);
  });
}

const waiting = runs.filter((run) => !isDone(run));
console.error(`${runs.length - waiting.length} of ${runs.length} runs are done already`);
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
if (!stopped) report();

/** Takes one run after the other, until there is none. */
async function work() {
  while (!stopped && waiting.length > 0) {
    const run = waiting.shift();
    await inProcess(run);
    if (isDone(run)) report();
  }
}

/** @throws Error if the run fails; not if it was told to stop. */
function inProcess(run) {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'ablation-run.mjs'), JSON.stringify(run)],
      {
        stdio: 'inherit',
      },
    );
    running.add(child);
    child.on('close', (code) => {
      running.delete(child);
      if (code === 0 || stopped) return resolve();
      for (const other of running) other.kill('SIGTERM');
      reject(new Error(`ablation: ${run.out} ended with ${code}; see above`));
    });
  });
}

function isDone({ out, config, settings: wanted, limit }) {
  const path = join(out, 'result.json');
  if (!existsSync(path)) return false;
  const result = JSON.parse(readFileSync(path, 'utf8'));
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  if (same(result.config, config) && same(result.settings, wanted) && result.limit === limit) return true;
  throw new Error(`ablation: ${out} is a run of another size or other settings; pass another --out`);
}

function report() {
  const done = runs.filter(isDone).map((run) => ({
    ...run,
    ...JSON.parse(readFileSync(join(run.out, 'result.json'), 'utf8')),
    metrics: readFileSync(join(run.out, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  }));
  writeReport(values.doc, done, runs.length);
}
