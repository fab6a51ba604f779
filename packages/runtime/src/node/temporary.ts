import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Owner, processOf, thisProcess } from './process-owner.js';

/** What a file or folder with a temporary name is: `tmp`, one that is not complete yet; `old`, one being replaced. */
type Kind = 'tmp' | 'old';

/** `.<host>-<pid>-<start>.<random>.<kind>`: the name tells which process made the file. */
const suffix = /\.(([0-9a-f]{8})-(\d+)-[0-9a-f]{8})\.[0-9a-f]{8}\.(tmp|old)$/;

/** A name beside `path` for a file or folder of this process. No other process ever uses it. */
export function temporaryName(path: string, kind: Kind = 'tmp'): string {
  return `${path}.${tagOf(thisProcess())}.${randomBytes(4).toString('hex')}.${kind}`;
}

/** The name that a file with a temporary name would have got; undefined if `name` is not temporary. */
export function finalName(name: string): string | undefined {
  return suffix.test(name) ? name.replace(suffix, '') : undefined;
}

/**
 * The paths in a folder that processes that have ended left under temporary names. It leaves out those of another
 * machine or container, because nobody here can tell whether their process still runs.
 */
export function remainsIn(folder: string, kind: Kind): string[] {
  const isLeft = (name: string): boolean => {
    const [, tag, place, pid, of] = suffix.exec(name) ?? [];
    if (of !== kind || place !== digest(placeOf(thisProcess()))) return false;
    const maker = processOf(Number(pid));
    // As in isRunning, a start that nobody knows counts as this one.
    const unknown = maker?.started === '' || tag.endsWith(`-${digest('')}`);
    return !maker || (!unknown && tagOf(maker) !== tag);
  };
  return namesIn(folder)
    .filter(isLeft)
    .map((name) => join(folder, name));
}

/** Removes the incomplete files and folders of processes that have ended. Those of other users may stay. */
export function sweepTemporary(folder: string): void {
  for (const path of remainsIn(folder, 'tmp')) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Without permission to remove it, it does no harm.
    }
  }
}

function tagOf(owner: Owner): string {
  return [digest(placeOf(owner)), owner.pid, digest(owner.started)].join('-');
}

function placeOf({ host, space }: Owner): string {
  return `${host} ${space}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it does not exist yet, or may not be read
  }
}

const atExit = new Set<() => void>();

/** Runs a synchronous action if the process exits, for example after a signal. @returns a function that cancels it. */
export function onExit(action: () => void): () => void {
  if (atExit.size === 0) process.once('exit', runAll);
  atExit.add(action);
  return () => {
    atExit.delete(action);
    if (atExit.size === 0) process.off('exit', runAll);
  };
}

function runAll(): void {
  for (const action of atExit) action();
}
