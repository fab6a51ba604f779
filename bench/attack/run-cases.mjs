import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Runs attacks one after another in a child process, which a crash, a hang or a full memory may end. The program starts
 * itself as the child, with `--child` before its own arguments, and there calls `serveCases`.
 */

/** Of processor time: on a busy machine an honest case may take minutes. */
const limitSeconds = 20;
const wallLimitMs = 300_000;
const limitMegabytes = 1000;
const faults = ['other', 'crash', 'hang', 'memory'];
const outcomes = ['refused', 'right', ...faults];

/** In the child: answers each number of a case with what `run` says of it. */
export function serveCases(run) {
  process.on('message', async (index) => {
    try {
      process.send({ index, ...(await run(index)) });
    } catch (error) {
      process.send({ index, ...judgeError(error) });
    }
  });
  process.send({ ready: true });
}

/** An error that our code threw on purpose says where and what; one of JavaScript itself counts as a crash. */
function judgeError(error) {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `${error}`;
  const untyped =
    !(error instanceof Error) || error instanceof TypeError || /call stack|heap|buffer length/i.test(text);
  return { outcome: untyped ? 'crash' : 'refused', detail: text.slice(0, 160) };
}

/**
 * Runs cases 0 … count − 1 and prints how many of each kind had which outcome.
 * @param kindOf the name of the row that a case counts in.
 * @returns the exit code: 1 if a case had one of the four bad outcomes.
 */
export async function runCases({ script, args, count, kindOf }) {
  const table = new Map();
  let child;
  for (let index = 0; index < count; index++) {
    child ??= await start(script, args);
    const result = await one(child, index);
    if (result.ended) child = undefined;
    const kind = kindOf(index);
    const row = table.get(kind) ?? Object.fromEntries(outcomes.map((name) => [name, 0]));
    row[result.outcome]++;
    table.set(kind, row);
    if (faults.includes(result.outcome) && row[result.outcome] <= 3) {
      console.error(`case ${index} (${kind}): ${result.outcome}: ${result.detail ?? ''}`);
    }
    if (process.env.VERBOSE) console.error(index, kind, result);
  }
  child?.kill('SIGKILL');
  const total = Object.fromEntries(outcomes.map((name) => [name, sum(table, name)]));
  console.table(Object.fromEntries([...table, ['all', total]]));
  return faults.some((name) => total[name] > 0) ? 1 : 0;
}

const sum = (table, name) => [...table.values()].reduce((total, row) => total + row[name], 0);

function start(script, args) {
  const child = fork(script, ['--child', ...args], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve(child));
    child.once('exit', (code) => reject(new Error(`the child ended with ${code} before its first case`)));
  });
}

function one(child, index) {
  resetPeak(child.pid);
  const begin = { seconds: processorSeconds(child.pid), now: Date.now() };
  return new Promise((resolve) => {
    const end = (result) => {
      clearInterval(watch);
      child.removeAllListeners('message');
      child.removeAllListeners('exit');
      resolve(result);
    };
    const watch = setInterval(() => {
      const seconds = processorSeconds(child.pid) - begin.seconds;
      if (seconds < limitSeconds && Date.now() - begin.now < wallLimitMs) return;
      end({ outcome: 'hang', detail: `${seconds} s`, ended: true });
      child.kill('SIGKILL');
    }, 200);
    child.once('message', (result) => {
      const megabytes = peakMegabytes(child.pid);
      end(megabytes > limitMegabytes ? { outcome: 'memory', detail: `${megabytes} MB` } : result);
    });
    child.once('exit', (code, signal) => end({ outcome: 'crash', detail: `${signal ?? code}`, ended: true }));
    child.send(index);
  });
}

/** Linux counts it in hundredths of a second. 0 for a process that has just ended. */
function processorSeconds(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user, system] = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  } catch {
    return 0;
  }
}

function resetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function peakMegabytes(pid) {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
