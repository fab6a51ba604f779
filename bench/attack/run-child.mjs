// What the attack programs share: children with limits, and the table of counts.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const limitMs = 20_000;
const limitBytes = 2 ** 30;

/**
 * Runs a program of Node in a process of its own, with limits on time and memory. Its last line is JSON with `result`
 * and `peakBytes`.
 * @returns how it ended: `done` with the result; `crash`, `hang` or `memory` with a text.
 */
export function runChild(args, { cwd }) {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err, ended] = ['', '', undefined];
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err = (err + text).slice(-2000);
    });
    const stop = (how) => {
      ended = how;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => stop('hang'), limitMs);
    const watch = setInterval(() => {
      if (heldBytes(child.pid) > limitBytes) stop('memory');
    }, 20);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearInterval(watch);
      if (ended || code !== 0) done({ how: ended ?? 'crash', text: signal ?? `exit ${code}: ${err}` });
      else {
        const { result, peakBytes } = JSON.parse(out.trim().split('\n').at(-1));
        done(
          peakBytes > limitBytes ? { how: 'memory', text: `${peakBytes} bytes` } : { how: 'done', result },
        );
      }
    });
  });
}

/** The most memory that a process has held so far; 0 where the system does not say. */
function heldBytes(pid) {
  try {
    return 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Runs `work` on every item, two at a time. */
export async function inPairs(items, work) {
  const left = [...items];
  const lane = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all([lane(), lane()]);
}

const outcomes = ['refused', 'right', 'other', 'crash', 'hang', 'memory'];
const titles = {
  refused: 'refused',
  right: 'accepted with the right output',
  other: 'accepted with other output',
  crash: 'crashes',
  hang: 'hangs over 20 s',
  memory: 'over 1 GB',
};

/** Prints the counts, and names what must not be. @returns whether the last four are 0. */
export function report(found) {
  for (const outcome of outcomes) {
    const of = found.filter((one) => one.outcome === outcome);
    console.log(`${titles[outcome].padEnd(32)} ${String(of.length).padStart(5)}`);
  }
  const bad = found.filter(({ outcome }) => outcomes.indexOf(outcome) > 1);
  for (const { name, outcome, text } of bad) console.log(`  ${outcome}: ${name}: ${text.slice(0, 200)}`);
  return bad.length === 0;
}
