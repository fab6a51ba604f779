// Runs one part of gpu.mjs in a process of its own, whose lines count as soon as they are there.
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { memoryOfCard } from './card.mjs';

/** Ms that output may still take after the end of a process: one that has left its group may hold the pipe for ever. */
const outputAfterEnd = 1000;

/**
 * @param limit seconds after which the process is killed, with those that it started; the lines that it has printed count.
 * @returns its lines of JSON, why it failed, the seconds it took, and the most memory of the card that it used, in MB.
 */
export async function runPart({ script, python, argument }, limit) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const node = ['--disable-warning=ExperimentalWarning', path];
  const before = await memoryOfCard();
  const start = performance.now();
  const child = spawn(python ?? process.execPath, [...(python ? [path] : node), JSON.stringify(argument)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of processes, which is killed as a whole
  });
  const kill = () => killGroup(child);
  process.once('exit', kill);
  let peak = before ?? 0;
  const look = async () => {
    peak = Math.max(peak, (await memoryOfCard()) ?? 0);
  };
  const poll = before === undefined ? undefined : setInterval(look, 500);
  let isCutOff = false;
  const timer = setTimeout(() => {
    isCutOff = true;
    kill();
  }, 1000 * limit);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (more) => {
      text[name] += more;
    });
  }
  const closed = new Promise((resolve) => child.once('close', resolve));
  const [how, ...ended] = await new Promise((resolve) => {
    child.once('error', ({ message }) => resolve(['error', message]));
    child.once('exit', (code, signal) => resolve(['exit', code, signal]));
  });
  clearTimeout(timer);
  clearInterval(poll);
  const wall = (performance.now() - start) / 1000;
  kill(); // what it has left behind
  process.off('exit', kill);
  if (how === 'exit') await Promise.race([closed, wait(outputAfterEnd, undefined, { ref: false })]);
  for (const name of ['stdout', 'stderr']) child[name].destroy();
  const cutOff = isCutOff ? `cut off after ${limit.toFixed(0)} s` : undefined;
  return {
    lines: text.stdout.split('\n').flatMap(parsed),
    failure: how === 'error' ? ended[0] : (cutOff ?? failureOf(...ended, text.stderr)),
    wall,
    megabytes: before === undefined ? undefined : peak - before,
  };
}

function killGroup({ pid }) {
  if (pid === undefined) return; // it never began
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // none of the group is left
  }
}

function failureOf(code, signal, stderr) {
  if (code === 0) return undefined;
  const last = stderr
    .trim()
    .split('\n')
    .findLast((line) => /error|cannot|no module/i.test(line));
  return (last ?? `ended with ${signal ?? code}`).trim().slice(0, 300);
}

/** The line, if it is whole. */
function parsed(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
