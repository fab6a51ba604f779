import { randomUUID } from 'node:crypto';
import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  isRunning,
  type Owner,
  parseOwner,
  thisProcess,
  writeFileAtomic,
} from '@glow-onnx/runtime/internal-node';

// How a folder gets one owner at most, also if a crash has left a lock behind:
//
// 1. A process announces itself: it writes a file `run.lock.<id>` with a name that no other process ever uses.
// 2. Then it looks for others: first at all announcements, then at `run.lock`. It goes on only if it finds no process
//    that still runs. Of two processes, the later one to announce itself sees the earlier one.
// 3. It renames its announcement to `run.lock`. This replaces the lock of a dead process, if one is there.
//
// A rename moves an announcement only to `run.lock`. So a process that has just moved is found there, because everyone
// looks there last. No step removes a lock by its shared name: what a process has judged to be dead may be replaced
// meanwhile. Announcements of dead processes can be removed, because their names never come again.
//
// Files appear complete, by a rename, so a file that cannot be understood does not come from a process that still runs.
// No step compares times: clocks jump, and differ between machines.

const lockName = 'run.lock';
const announcementName = /^run\.lock\.[0-9a-f-]{36}$/;
/** How long a process waits for others that are about to lock the folder. */
const PATIENCE_MS = 10_000;
/** The largest lock that is read. Ours have 200 bytes. */
const MOST_BYTES = 10_000;

interface Lock extends Owner {
  readonly id: string;
}

/**
 * Locks a folder for this process. The lock of a process that has ended does not count. A process on another machine or
 * in another container counts, because nobody here can tell whether it still runs.
 *
 * On a network disk, machines may see each other's files late: two that start within the same second are not kept apart.
 * @returns a function that unlocks the folder, if it still has this lock.
 * @throws Error if another process trains in the folder, or if the lock cannot be written.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const lock: Lock = { ...thisProcess(), id: randomUUID() };
  const path = join(folder, lockName);
  const announcement = `${path}.${lock.id}`;
  const deadline = performance.now() + PATIENCE_MS;
  try {
    for (let announced = false; ; ) {
      await refuseIfHeld(folder, path);
      if (!announced) await writeFileAtomic(announcement, JSON.stringify(lock));
      const rivals = await livingRivals(folder, announcement);
      await refuseIfHeld(folder, path);
      if (rivals.length === 0) break;
      if (performance.now() > deadline)
        throw inUse(folder, rivals[0], 'another process is about to train in it');
      // The first by name keeps its announcement. The others withdraw theirs and try again, so one of them gets on.
      announced = !rivals.some((rival) => rival < announcement);
      if (!announced) await rm(announcement, { force: true });
      await setTimeout(10 + 40 * Math.random());
    }
    await rename(announcement, path);
  } catch (error) {
    await rm(announcement, { force: true }).catch(() => {});
    throw error;
  }
  return async () => {
    if ((await readLock(path))?.id === lock.id) await rm(path, { force: true });
  };
}

/** @throws Error if `run.lock` belongs to another process that may still run. */
async function refuseIfHeld(folder: string, path: string): Promise<void> {
  const lock = await readLock(path);
  const runs = lock && isRunning(lock);
  if (runs === false || !lock) return;
  if (runs) throw inUse(folder, path, `process ${lock.pid} trains in it`);
  const where = lock.host === thisProcess().host ? 'in another container' : `on ${lock.host}`;
  throw inUse(folder, path, `process ${lock.pid} ${where} trains in it`);
}

/** The announcements of other processes that may still run. Removes those of processes that have ended. */
async function livingRivals(folder: string, own: string): Promise<string[]> {
  const rivals: string[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!announcementName.test(name) || path === own) continue;
    const lock = await readLock(path);
    if (lock && isRunning(lock) !== false) rivals.push(path);
    else await rm(path, { force: true });
  }
  return rivals;
}

/** The lock in a file. Undefined if there is no file, or if its content is anything else. */
async function readLock(path: string): Promise<Lock | undefined> {
  try {
    const found = await lstat(path);
    if (!found.isFile()) throw new Error(`${path} is not a file; remove it`);
    if (found.size > MOST_BYTES) return undefined;
    const value = JSON.parse(await readFile(path, 'utf8'));
    const owner = parseOwner(value);
    return owner && { ...owner, id: String(value.id) };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function inUse(folder: string, path: string, reason: string): Error {
  return new Error(`${folder} is in use: ${reason}; wait until it ends, or remove ${path} if it has ended`);
}
