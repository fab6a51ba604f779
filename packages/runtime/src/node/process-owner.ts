import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process that owns a file, and all that tells it apart from other processes. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** The numbering that `pid` belongs to: on Linux, each machine and container has its own. Empty on other systems. */
  readonly space: string;
  /** When the process began. It differs from that of a later process with the same number. Empty if unknown. */
  readonly started: string;
}

let own: Owner | undefined;

/** This process. */
export function thisProcess(): Owner {
  own ??= { pid: process.pid, host: hostname(), space: space(), started: startOf(process.pid) ?? '' };
  return own;
}

/** The process that has this number here. Undefined if there is none, or if it has ended. */
export function processOf(pid: number): Owner | undefined {
  const started = exists(pid) ? startOf(pid) : undefined;
  return started === undefined ? undefined : { ...thisProcess(), pid, started };
}

/** Whether the owner still runs. Undefined if it belongs to another machine or container, so nobody here can tell. */
export function isRunning({ pid, host, space, started }: Owner): boolean | undefined {
  const here = thisProcess();
  if (host !== here.host || space !== here.space) return undefined;
  const found = processOf(pid);
  if (!found) return false;
  return found.started === '' || started === '' || found.started === started;
}

/** An owner that was read from a file. Undefined if the value is anything else. */
export function parseOwner(value: unknown): Owner | undefined {
  const here = thisProcess().space;
  const { pid, host, space = here, started } = (value ?? {}) as Partial<Record<keyof Owner, unknown>>;
  const isPid = Number.isSafeInteger(pid) && (pid as number) > 0; // 0 and below mean groups of processes
  const isOwner = isPid && [host, space, started].every((text) => typeof text === 'string');
  return isOwner ? ({ pid, host, space, started } as Owner) : undefined;
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it belongs to another user
  }
}

/** When a process began. Empty if this system does not tell; undefined if the process has ended. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'win32') return '';
  return process.platform === 'linux' ? startByProc(pid) : startByPs(pid);
}

/** The start of the system, and the ticks since then. */
function startByProc(pid: number): string | undefined {
  const text = readText(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold blanks. The state is the first field after it, the start the 20th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return undefined; // it has ended, but its parent has not asked for its exit code
  return fields[19] ? `${readText('/proc/sys/kernel/random/boot_id').trim()}/${fields[19]}` : '';
}

/** The date, in UTC, because processes may run in different time zones. Exported for a test. */
export function startByPs(pid: number): string | undefined {
  try {
    const env = { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C' };
    const argv = ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)];
    const text = execFileSync('ps', argv, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
    return text.trim().startsWith('Z') ? undefined : text.trim().replace(/^\S+\s+/, '');
  } catch {
    return '';
  }
}

/**
 * The namespace of pids, whose first has the same name on every machine, and a hash of the machine's id. Exported for a
 * test.
 */
export function space(machineId = '/etc/machine-id'): string {
  try {
    const namespace = readlinkSync('/proc/self/ns/pid');
    const id = readText(machineId).trim();
    if (id === '') return namespace;
    const hash = createHash('sha256').update(`glow-onnx ${id}`).digest('hex'); // the id itself stays private
    return `${namespace} ${hash.slice(0, 16)}`;
  } catch {
    return '';
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
