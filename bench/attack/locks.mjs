// Attacks the lock of a run: node bench/attack/locks.mjs [--starters 12] [--count 12] [--seed 1] [--root CHECKOUT]
//
// In each round, twelve processes want one folder at once, in which a crash has left a lock: of a process that was
// killed, empty, `null`, cut short, or dated tomorrow. Exactly one must get it. Then it is killed, and exactly one of
// the others must get the folder. --root attacks the build of another checkout.

import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '@glow-onnx/flow';

const { values } = parseArgs({
  options: {
    starters: { type: 'string', default: '12' },
    count: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    root: { type: 'string', default: join(import.meta.dirname, '../..') },
  },
});
const lockModule = resolve(values.root, 'packages/trainer/dist/folder/run-lock.js');
const HANG_MS = 20_000;
const random = createRandom(Number(values.seed));
const root = await mkdtemp(join(tmpdir(), 'glow-locks-'));

const { pid } = spawnSync(process.execPath, ['-e', '']); // gone by now
const stale = JSON.stringify({ pid, host: hostname(), started: '1' });
/** What a crash may have left, and whether its date is tomorrow. */
const remains = [
  ['a killed process', stale, false],
  ['a killed process, dated tomorrow', stale, true],
  ['null', 'null', false],
  ['empty, dated tomorrow', '', true],
  ['cut short', stale.slice(0, 9), true],
  ['nothing', undefined, false],
];

async function start() {
  const child = fork(join(import.meta.dirname, 'lock-starter.mjs'), [lockModule]);
  await once(child, 'message');
  return child;
}

async function answer(child) {
  const hang = AbortSignal.timeout(HANG_MS);
  try {
    return (await once(child, 'message', { signal: hang }))[0].kind;
  } catch {
    child.kill('SIGKILL');
    return 'hang';
  }
}

/** All starters try to lock the folder. @returns what each one answered. */
async function contend(starters, folder) {
  const answers = starters.map((child) => answer(child));
  for (const child of starters) child.send({ folder, waitMs: random.below(20) });
  return Promise.all(answers);
}

const totals = {
  refused: 0,
  'held alone': 0,
  'held beside another': 0,
  crash: 0,
  hang: 0,
  'held by nobody': 0,
};
function count(answers) {
  const held = answers.filter((kind) => kind === 'held').length;
  totals[held === 1 ? 'held alone' : 'held beside another'] += held;
  if (held === 0) totals['held by nobody']++;
  for (const kind of answers) if (kind !== 'held') totals[kind]++;
}

let starters = await Promise.all(Array.from({ length: Number(values.starters) }, start));
let left = 0;
try {
  for (let round = 0; round < Number(values.count); round++) {
    const [, text, tomorrow] = remains[round % remains.length];
    const folder = join(root, String(round));
    await mkdir(folder);
    if (text !== undefined) await writeFile(join(folder, 'run.lock'), text);
    const date = Date.now() / 1000 + (tomorrow ? 86_400 : -60);
    if (text !== undefined) await utimes(join(folder, 'run.lock'), date, date);

    const first = await contend(starters, folder);
    count(first);
    for (const [i, child] of starters.entries()) if (first[i] === 'held') child.kill('SIGKILL');
    await Promise.all(
      starters.map((child, i) => first[i] === 'held' && child.exitCode === null && once(child, 'exit')),
    );
    const others = starters.filter((child) => !child.killed);
    const second = await contend(others, folder);
    count(second);
    const ended = others.map((child) => !child.killed && answer(child));
    for (const child of others) if (!child.killed) child.send({ end: true });
    await Promise.all(ended);
    left += (await readdir(folder)).length;
    const fresh = starters.filter((child) => child.killed).map(start);
    starters = [...starters.filter((child) => !child.killed), ...(await Promise.all(fresh))];
  }
} finally {
  for (const child of starters) child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
}
console.table({ ...totals, 'files left': left });
const { crash, hang } = totals;
const bad = crash + hang + totals['held beside another'] + totals['held by nobody'] + left;
process.exitCode = bad === 0 ? 0 : 1;
