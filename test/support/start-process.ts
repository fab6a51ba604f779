import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** A program that a test has started in the root of this repository. */
export interface Started {
  readonly process: ChildProcess;
  /** Its exit code, null if a signal ended it, and all that it has written. */
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

const started: ChildProcess[] = [];

/** `env` is added to the environment. */
export function startProcess(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(program, args, {
    cwd: resolve(__dirname, '../..'),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const texts = [child.stdout, child.stderr].map((stream) => {
    const chunks: string[] = [];
    stream.setEncoding('utf8').on('data', (chunk) => chunks.push(chunk));
    return chunks;
  });
  const ended = once(child, 'close').then(([code]) => {
    const [out = '', err = ''] = texts.map((chunks) => chunks.join(''));
    return { code, out, err };
  });
  return { process: child, ended };
}

/** Ends at once what this test file has started and what still runs. */
export async function endProcesses(): Promise<void> {
  const running = started.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map((child) => once(child, 'exit')));
}

/** Waits until this holds. @throws Error with what the process has written if it ends before. */
export async function until(holds: () => boolean, { ended }: Started): Promise<void> {
  let end: Awaited<Started['ended']> | undefined;
  ended.then((found) => {
    end = found;
  });
  while (!holds()) {
    if (end) throw new Error(`the process ended with ${end.code} too early: ${end.err || end.out}`);
    await setTimeout(20);
  }
}
