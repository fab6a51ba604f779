import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Owner, processOf, thisProcess } from './process-owner.js';

/** `.<host>-<pid>-<start>.<random>.tmp`: the name tells which process made the file. */
const suffix = /\.(([0-9a-f]{8})-(\d+)-[0-9a-f]{8})\.[0-9a-f]{8}\.tmp$/;

/** A name beside `path` for a file or folder that is not complete yet. No other process ever uses it. */
export function temporaryName(path: string): string {
  return `${path}.${tagOf(thisProcess())}.${randomBytes(4).toString('hex')}.tmp`;
}

/** The path whose temporary name this is; any other path as it is. */
export function withoutTemporary(path: string): string {
  return path.replace(suffix, '');
}

/**
 * Removes what processes that have ended left under temporary names in a folder. The remains of another machine stay,
 * because nobody here can tell whether its process still runs.
 */
export function sweepTemporary(folder: string): void {
  for (const name of namesIn(folder)) {
    const [, tag, host, pid] = suffix.exec(name) ?? [];
    if (tag === undefined || host !== digest(placeOf(thisProcess()))) continue;
    const maker = processOf(Number(pid));
    if (!maker || tagOf(maker) !== tag) rmSync(join(folder, name), { recursive: true, force: true });
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
