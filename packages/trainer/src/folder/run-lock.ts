import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** The process that trains in a folder. `started` distinguishes it from a later process with the same number. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly started: string;
}

/** A lock without an owner is new if it is younger than this. Otherwise a crash has left it. */
const FRESH_MS = 5000;

/**
 * Locks a folder with a file that names this process. The lock of a process that has ended does not count.
 * @returns a function that unlocks the folder.
 * @throws Error if another process trains in the folder.
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
      throw new Error(
        `${folder} is in use: ${reason}; wait until it ends, or remove ${path} if it has ended`,
      );
  }
}

/** Why the lock counts. Undefined if its process has ended. */
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
    return age < FRESH_MS ? 'another process has just begun to train in it' : undefined;
  }
  const { pid = 0, host: where, started } = owner;
  if (where !== host) return `process ${pid} on ${where} trains in it`;
  const alive = isAlive(pid) && (await startOf(pid)) === started;
  return alive ? `process ${pid} trains in it` : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it belongs to another user
  }
}

/** When a process began, in ticks since the start of the system. Empty if the system has no /proc. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may hold blanks; the start is the 20th field after it.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
