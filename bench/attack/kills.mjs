// Ends trainings and exports at random moments: node bench/attack/kills.mjs [--count 50] [--seed 1] [--root CHECKOUT]
//
// Each case ends a tiny training or export by SIGKILL, SIGTERM, SIGINT, SIGHUP, or by closing the pipes that it writes
// to. Then it starts again, as a user would. The result must be, bit for bit, that of a run that was never ended, with
// no other file beside it. A command that got a signal other than SIGKILL must save and end by itself, with 128 and the
// number of the signal. --root attacks the build of another checkout.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom, parseCheckpoint } from '@glow-onnx/flow';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    root: { type: 'string', default: join(import.meta.dirname, '../..') },
    verbose: { type: 'boolean', default: false },
  },
});
const HANG_MS = 20_000;
const MOST_BYTES = 1e9;
const AT_ONCE = 3;
const ends = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'closed pipe'];
const work = await mkdtemp(join(tmpdir(), 'glow-kills-'));
const images = join(work, 'ramps-idx3-ubyte');

/** 100 grey ramps of 8×8 pixels. */
function idxFile() {
  const header = Buffer.alloc(16);
  for (const [i, value] of [0x803, 100, 8, 8].entries()) header.writeUInt32BE(value, 4 * i);
  const pixels = Uint8Array.from({ length: 6400 }, (_, at) => (at % 64) * ((at >> 6) % 13) + (at >> 6));
  return Buffer.concat([header, pixels]);
}

const trainFlags =
  '--levels 2 --steps 1 --hidden 8 --bits 5 --batch 8 --epochs 8 --engine onnxruntime --device cpu --threads 1';
const common = (out) => ['trainer/bin/glow-train.js', '--data', images, '--out', out];
const train = (out) => [...common(out), ...trainFlags.split(' ')];
const resume = (out) => [...common(out), '--resume', ...trainFlags.split(' ').slice(-8)];
const exported = (checkpoint, out) => ['exporter/bin/glow-export.js', checkpoint, '--out', out, '--force'];

/** Runs a command, and ends it after a time if told so. @returns its code, its signal and what went wrong. */
async function run([program, ...argv], end, afterMs) {
  const path = resolve(values.root, 'packages', program);
  const child = spawn(process.execPath, [path, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  const found = { hang: false, memory: false };
  const watch = setInterval(() => {
    if (peakBytes(child.pid) > MOST_BYTES) found.memory = true;
  }, 100);
  const closePipes = () => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const endNow = () => (end === 'closed pipe' ? closePipes() : child.kill(end));
  const ending = end && setTimeout(endNow, afterMs);
  // A command whose pipes are closed goes on to its end.
  const deadline = setTimeout(
    () => {
      found.hang = true;
      child.kill('SIGKILL');
    },
    HANG_MS + (afterMs ?? 0) + 20_000,
  );
  const [code, signal] = await once(child, 'exit');
  clearInterval(watch);
  clearTimeout(ending);
  clearTimeout(deadline);
  return { code, signal, text, ...found };
}

function peakBytes(pid) {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The numbers of a checkpoint: its bytes without the header, which holds the seconds spent. */
function numbersOf(out, name) {
  const file = readFileSync(join(out, `${name}.safetensors`));
  return file.subarray(8 + Number(file.readBigUInt64LE(0))).toString('hex');
}

const resultOf = (out) => ['last', 'best'].map((name) => numbersOf(out, name)).join();
const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
const contentOf = (folder) =>
  filesOf(folder)
    .map((path) => path.slice(folder.length) + readFileSync(path).toString('hex'))
    .join();

/** What is wrong with how a command ended. Undefined if it ended as it should. */
function wrongEnd(end, { code, signal, hang, memory, text }, begun) {
  if (hang) return 'hang';
  if (memory) return 'memory';
  if (end === undefined || code === 0)
    return code === 0 ? undefined : `crash: ended with ${code ?? signal}: ${text}`;
  if (end === 'SIGKILL') return signal === 'SIGKILL' ? undefined : `crash: ended with ${code ?? signal}`;
  if (end === 'closed pipe') return `crash: ended with ${code ?? signal} after its pipe was closed`;
  if (code === 128 + constants.signals[end]) return undefined;
  return signal === end && !begun ? undefined : `crash: ended with ${code ?? signal} after ${end}`;
}

async function trainCase(folder, end, afterMs, expected) {
  const out = join(folder, 'run');
  const first = await run(train(out), end, afterMs);
  const names = existsSync(out) ? readdirSync(out) : [];
  const found = wrongEnd(end, first, names.includes('metrics.jsonl'));
  if (found) return found;
  for (const name of names.filter((each) => each.endsWith('.safetensors'))) {
    parseCheckpoint(readFileSync(join(out, name)));
  }
  const saved = names.some((name) => /^(last|previous)\.safetensors$/.test(name));
  const wasLocked = names.includes('run.lock');
  if (end !== 'SIGKILL' && wasLocked) return 'left over: run.lock';
  // What was saved as best before the first `last` is no run to resume.
  const again = saved ? resume(out) : [...train(out), '--force'];
  const second = await run(again);
  const wrong = wrongEnd(undefined, second);
  if (wrong) return wrong;
  const strange = filesOf(out).filter((path) => /\.(tmp|new)$|run\.lock/.test(path));
  if (strange.length > 0) return `left over: ${strange}`;
  return resultOf(out) === expected ? undefined : 'other output';
}

async function exportCase(folder, end, afterMs, { checkpoint, expected, other, before }) {
  const out = join(folder, 'model');
  if (before) await run(exported(other.checkpoint, out));
  const first = await run(exported(checkpoint, out), end, afterMs);
  const names = readdirSync(folder);
  const found = wrongEnd(end, first, names.length > (before ? 1 : 0));
  if (found) return found;
  if (end !== 'SIGKILL' && names.some((name) => name !== 'model')) return `left over: ${names}`;
  if (before && !names.includes('model')) return 'the folder of before is gone';
  if (names.includes('model') && ![expected, other.expected].includes(contentOf(out))) return 'half written';
  const wrong = wrongEnd(undefined, await run(exported(checkpoint, out)));
  if (wrong) return wrong;
  const left = readdirSync(folder).filter((name) => name !== 'model');
  if (left.length > 0) return `left over: ${left}`;
  return contentOf(out) === expected ? undefined : 'other output';
}

const totals = { right: 0, 'other output': 0, crash: 0, hang: 0, memory: 0, 'left over': 0, other: 0 };
const failures = [];
try {
  writeFileSync(images, idxFile());
  const straight = join(work, 'straight');
  let started = performance.now();
  const whole = await run(train(straight));
  if (whole.code !== 0) throw new Error(whole.text);
  const trainMs = performance.now() - started;
  const expected = resultOf(straight);
  const [checkpoint, otherCheckpoint] = ['last', 'previous'].map((name) =>
    join(straight, `${name}.safetensors`),
  );
  const models = [];
  started = performance.now();
  for (const [i, path] of [checkpoint, otherCheckpoint].entries()) {
    const out = join(work, `model-${i}`);
    const done = await run(exported(path, out));
    if (done.code !== 0) throw new Error(done.text);
    models.push({ checkpoint: path, expected: contentOf(out) });
  }
  const exportMs = (performance.now() - started) / 2;

  const random = createRandom(Number(values.seed));
  const cases = Array.from({ length: Number(values.count) }, (_, i) => ({
    end: ends[i % ends.length],
    isExport: random.uniform() < 0.3,
    moment: random.uniform(),
    before: random.uniform() < 0.5,
  }));
  const attack = async ({ end, isExport, moment, before }, i) => {
    const folder = join(work, `case-${i}`);
    await mkdir(folder);
    const about = { ...models[0], other: models[1], before };
    // Others run at the same time, so a case takes longer than the calm one.
    const outcome = isExport
      ? await exportCase(folder, end, 2 * exportMs * moment, about)
      : await trainCase(folder, end, 1.5 * trainMs * moment, expected);
    const kind = outcome === undefined ? 'right' : outcome.split(':')[0];
    totals[kind in totals ? kind : 'other']++;
    if (outcome !== undefined) failures.push(`${isExport ? 'export' : 'training'}, ${end}: ${outcome}`);
    if (values.verbose) console.log(i, isExport ? 'export' : 'training', end, outcome ?? 'right');
    await rm(folder, { recursive: true, force: true });
  };
  const waiting = [...cases.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await attack(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
} finally {
  await rm(work, { recursive: true, force: true });
}
console.table(totals);
for (const failure of failures) console.log(failure.split('\n')[0]);
process.exitCode = failures.length === 0 ? 0 : 1;
