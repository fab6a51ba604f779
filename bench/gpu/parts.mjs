// Runs one part of gpu.mjs in a process of its own, whose lines count as soon as they are there.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { memoryOfCard } from './card.mjs';

/**
 * @param limit seconds after which the process is killed; the lines that it has printed count.
 * @returns its lines of JSON, why it failed, the seconds it took, and the most memory of the card that it used, in MB.
 */
export async function runPart({ script, python, argument }, limit) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const node = ['--disable-warning=ExperimentalWarning', path];
  const before = memoryOfCard();
  const start = performance.now();
  const child = spawn(python ?? process.execPath, [...(python ? [path] : node), JSON.stringify(argument)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let peak = before ?? 0;
  const poll =
    before === undefined ? undefined : setInterval(() => (peak = Math.max(peak, memoryOfCard())), 500);
  const timer = setTimeout(() => child.kill('SIGKILL'), 1000 * limit);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (more) => {
      text[name] += more;
    });
  }
  const failure = await new Promise((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('close', (code, signal) => resolve(failureOf(code, signal, text.stderr, limit)));
  });
  clearTimeout(timer);
  clearInterval(poll);
  return {
    lines: text.stdout.split('\n').flatMap(parsed),
    failure,
    wall: (performance.now() - start) / 1000,
    megabytes: before === undefined ? undefined : peak - before,
  };
}

function failureOf(code, signal, stderr, limit) {
  if (code === 0) return undefined;
  if (signal === 'SIGKILL') return `cut off after ${limit.toFixed(0)} s`;
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
