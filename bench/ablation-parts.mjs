// The paper's comparison and our own, on Fashion-MNIST: 1×1 convolutions, couplings and presets at equal budget.
//
//     npm run ablation -- [--seeds 1,2,3] [--jobs 2] [--only tutorial,port] [--out runs/ablation] [--doc docs/ablation.md]
//
// Each run is a process of its own in runs/ablation/<variant>-<seed>. Kill it whenever you like: the same command goes
// on. It reports all runs of that folder that are done, at this size and with these settings: as tables and charts in
// docs/ablation.md, renewed after each run; with options in the document that --doc names, or else printed.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createConfig } from '@glow-onnx/flow';
import { tables, writeReport } from './ablation-report.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '/usr/share/datasets/fashion-mnist' },
    out: { type: 'string', default: 'runs/ablation' },
    doc: { type: 'string' },
    only: { type: 'string' },
    seeds: { type: 'string', default: '1,2,3' },
    jobs: { type: 'string', default: '2' },
    steps: { type: 'string', default: '8' },
    hidden: { type: 'string', default: '32' },
    images: { type: 'string', default: '40000' },
    epochs: { type: 'string', default: '1' },
  },
});

/** A part of the comparison does not take the place of the whole. */
const doc = values.doc ?? (process.argv.length === 2 ? 'docs/ablation.md' : undefined);

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
const runs = values.seeds.split(',').flatMap((seed) => names.map((variant) => runOf(variant, seed)));

function runOf(variant, seed) {
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
}

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
if (!stopped && !doc) console.log(tables(finished()));
else if (!stopped) writeReport(doc, finished());

/** Takes one run after the other, until there is none. */
async function work() {
  while (!stopped && waiting.length > 0) {
    const run = waiting.shift();
    await inProcess(run);
    if (isDone(run) && doc) writeReport(doc, finished());
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

/** @throws Error if it is another run that is done there. */
function isDone(run) {
  if (!existsSync(join(run.out, 'result.json'))) return false;
  if (isThis(run)) return true;
  throw new Error(`ablation: ${run.out} is a run of another size or other settings; pass another --out`);
}

function isThis({ out, config, settings: wanted, limit }) {
  const result = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'));
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  return same(result.config, config) && same(result.settings, wanted) && result.limit === limit;
}

/** All runs of the folder that are, whether asked for now or before. */
function finished() {
  return readdirSync(values.out)
    .flatMap((name) => {
      const [, variant, seed] = /^(.+)-(\d+)$/.exec(name) ?? [];
      return variants[variant] ? runOf(variant, seed) : [];
    })
    .filter((run) => existsSync(join(run.out, 'result.json')) && isThis(run))
    .sort((a, b) => a.settings.seed - b.settings.seed)
    .map((run) => ({
      ...run,
      ...JSON.parse(readFileSync(join(run.out, 'result.json'), 'utf8')),
      metrics: readFileSync(join(run.out, 'metrics.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    }));
}
