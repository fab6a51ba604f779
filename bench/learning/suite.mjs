// Which changes of Glow learn most in the same time of one thread, on Fashion-MNIST.
//
//     nice npm run ablation -- --suite learning [--stage finals] [--only 'batch 8,adamax'] [--doc docs/ablation.md]
//
// Each trial is a process of its own. Kill it whenever you like: the same command goes on. Finished trials are lines of
// bench/learning/results.jsonl; tables are made from this file alone, printed or written to the document of --doc. Two
// commands may run at once if --only gives them different candidates.
//
// 1. Screening: each candidate at each rate, 10 minutes, one seed. 2. Finals: the best four candidates and the baseline,
// each at its best rate, 30 minutes, three seeds. `--stage` runs one of the two. A minute is the work that the baseline
// does in a minute of the machine that was measured (trial.mjs); other candidates get as much processor time (speed.mjs).
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readLines } from '../results-file.mjs';
import { candidate, candidates, rates } from './candidates.mjs';
import { bestRate, finalists, tables, writeTables } from './report.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz' },
    out: { type: 'string', default: 'runs/learning' },
    results: { type: 'string', default: 'bench/learning/results.jsonl' },
    stage: { type: 'string', default: 'both' },
    only: { type: 'string' },
    rates: { type: 'string', default: rates.join() },
    doc: { type: 'string' },
    report: { type: 'boolean', default: false },
    screening: { type: 'string', default: '10' },
    finals: { type: 'string', default: '30' },
    seeds: { type: 'string', default: '1,2,3' },
    'held-out': { type: 'string', default: '5000' },
    steps: { type: 'string' },
    hidden: { type: 'string' },
  },
});
const [screening] = numbers('screening');
const [finals] = numbers('finals');
const [heldOut] = numbers('held-out');
const smaller = {
  ...(values.steps && { steps: numbers('steps')[0] }),
  ...(values.hidden && { hiddenChannels: numbers('hidden')[0] }),
};
const names = values.only?.split(',') ?? candidates;
for (const name of names) candidate(name, rates[0]); // refuses a name that does not exist, before anything runs
numbers('rates');
if (!['screening', 'finals', 'both'].includes(values.stage)) {
  throw new RangeError(`learning: --stage: expected screening, finals or both, got "${values.stage}"`);
}
if (!values.report && !existsSync(values.data)) {
  throw new Error(
    `learning: ${values.data} is not here: apt-get install dataset-fashion-mnist, or pass --data <file>`,
  );
}

let child;
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopped = true;
    process.exitCode = 130;
    child?.kill(signal);
  });
}

if (!values.report && values.stage !== 'finals') {
  for (const rate of numbers('rates')) for (const name of names) await run(name, rate, 1, screening);
}
if (!stopped && !values.report && values.stage !== 'screening') {
  for (const seed of numbers('seeds')) {
    for (const name of finalists(finished(), screening).filter((name) => names.includes(name))) {
      await run(name, bestRate(finished(), name, screening), seed, finals);
    }
  }
}
if (!stopped && values.doc) writeTables(values.doc, finished(), { screening, finals });
else if (!stopped) console.log(tables(finished(), { screening, finals }));

/** The numbers of a flag, separated by commas. @throws RangeError if one is not above 0. */
function numbers(flag) {
  return values[flag].split(',').map((text) => {
    const value = Number(text);
    if (value > 0 && Number.isFinite(value)) return value;
    throw new RangeError(`learning: --${flag}: expected numbers above 0, got "${values[flag]}"`);
  });
}

function finished() {
  return readLines(values.results).filter((line) => isCurrent(line));
}

/** Whether a candidate of this name is still what it was. */
function isCurrent({ name, rate, trial }) {
  return (
    candidates.includes(name) && JSON.stringify(candidate(name, rate, smaller)) === JSON.stringify(trial)
  );
}

/**
 * Runs a trial unless it is done, and appends its result, also one that an earlier command left in its folder.
 * @throws Error if it fails; not if it was told to stop.
 */
async function run(name, rate, seed, minutes) {
  const same = (line) =>
    line.name === name && line.rate === rate && line.seed === seed && line.minutes === minutes;
  if (stopped || finished().some(same)) return;
  const out = join(values.out, `${name}-${rate}-${seed}-${minutes}`.replace(/[^\w.-]+/g, '-'));
  const trial = candidate(name, rate, smaller);
  const task = { data: values.data, trial, seed, minutes, heldOut };
  const path = join(out, 'result.json');
  if (!isResultOf(path, task)) {
    mkdirSync(out, { recursive: true });
    console.error(`${new Date().toISOString()} ${name}, rate ${rate}, seed ${seed}, ${minutes} minutes`);
    const measured = finished().find((line) => line.name === name && line.minutes === minutes); // finals measure anew
    const code = await inProcess({
      out,
      task,
      speed: name === 'baseline' ? 1 : measured?.speed,
      baseline: candidate('baseline', rate, smaller),
    });
    if (code !== 0 && stopped) return;
    if (code !== 0) throw new Error(`learning: ${out} ended with ${code}; see above`);
  }
  const { task: _, bitsPerDim, ...others } = JSON.parse(readFileSync(path, 'utf8'));
  appendFileSync(
    values.results,
    `${JSON.stringify({ name, rate, seed, minutes, bitsPerDim, ...others, trial })}\n`,
  );
  rmSync(path);
  console.error(`${name}: ${bitsPerDim?.toFixed(4) ?? 'not finite:'} bits/dim`);
}

/** Whether this file is there and is the result of this task. */
function isResultOf(path, task) {
  if (!existsSync(path)) return false;
  return JSON.stringify(JSON.parse(readFileSync(path, 'utf8')).task) === JSON.stringify(task);
}

function inProcess(argument) {
  const script = join(import.meta.dirname, 'trial.mjs');
  return new Promise((resolve) => {
    child = spawn(process.execPath, [script, JSON.stringify(argument)], { stdio: 'inherit' });
    child.on('close', (code) => resolve(code));
  });
}
