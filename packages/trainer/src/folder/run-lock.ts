import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Who trains in a folder. `started` tells a process from a later one of the same number, where the system does. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
}

/** A file that does not say whose it is has just been made, or is what a crash left. */
const FRESH_MS = 5000;

/**
 * Keeps other trainings out of a folder by a file that names this process; one of a process that is gone does not count.
 * @returns what ends that.
 * @throws Error if another training is in the folder.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'run.lock');
  const own: Owner = { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
  for (;;) {
    try {
      await writeFile(path, JSON.stringify(own), { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const reason = await whyHeld(path, own.host);
    if (reason === undefined) await rm(path, { force: true });
    else
      throw new Error(`${folder} is in use: ${reason}; wait for its end, or if there is none remove ${path}`);
  }
}

/** Undefined if nobody holds the lock any more. */
async function whyHeld(path: string, host: string): Promise<string | undefined> {
  let owner: Partial<Owner>;
  try {
    owner = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
  } catch {
    const age =
      Date.now() -
      (await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ));
    return age < FRESH_MS ? 'another training has just begun there' : undefined;
  }
  const { pid = 0, host: where, started } = owner;
  if (where !== host) return `process ${pid} on ${where} trains there`;
  const alive = isAlive(pid) && (await startOf(pid)) === started;
  return alive ? `process ${pid} trains there` : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
}

/** When a process began, in ticks since the start of the system; empty where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may hold blanks; the start is the 20th field after it.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
