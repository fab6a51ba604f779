import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf } from '../message-of.js';
import type { Parent } from '../platform.js';
import type { PortLike, WorkerLike } from '../worker/port.js';
import { WorkerError } from '../worker/worker-error.js';
import { ownPackagePath } from './host-require.js';
import { openMessagePipe } from './message-pipe.js';

/** The environment variable that tells a script that it is a worker. */
const mark = 'GLOW_ONNX_WORKER';
/** The pipe between the two processes: the first after stdin, stdout and stderr. */
const pipe = 3;

/** A process that has started ahead of its model. */
let ahead: WorkerLike | undefined;

/** Starts the process of the next model now, while the program still imports its modules or reads its input. */
export function startAhead(): void {
  try {
    const worker = launch(ownScript(), () => {
      if (ahead === worker) ahead = undefined;
    });
    ahead = worker;
  } catch {} // loading the model tries again, and tells it
}

/**
 * Starts a process that runs a model. Unlike a thread, it can be ended while ONNX Runtime computes. It ends with this
 * process, and does not keep it alive.
 */
export function startProcess(script?: string | URL): WorkerLike {
  if (script !== undefined || !ahead) return launch(script ?? ownScript());
  const worker = ahead;
  ahead = undefined;
  return worker;
}

/**
 * The script of this package. Its place is found by the name of the package: a bundler that saw the path would copy the
 * file without its imports.
 * @throws WorkerError if this code was bundled, and the package is not installed where the bundle runs.
 */
function ownScript(): URL {
  try {
    return new URL('dist/node/worker.js', pathToFileURL(ownPackagePath()));
  } catch (cause) {
    throw new WorkerError(
      'loadGlow: the script of the worker was not found; install @glow-onnx/runtime where the program runs, or pass ' +
        'the path of a script that calls serveGlow as worker',
      { cause },
    );
  }
}

/** @throws WorkerError if the system refuses a process. It may also refuse one later, with the event 'error'. */
function launch(script: string | URL, onEnd: () => void = () => {}): WorkerLike {
  const child = spawnWorker(String(script).startsWith('file:') ? fileURLToPath(script) : String(script));
  const events = new EventTarget();
  const fail = (message: string) => {
    onEnd();
    events.dispatchEvent(Object.assign(new Event('error'), { message }));
  };
  child.on('error', ({ message }) => fail(message));
  child.on('close', (code, signal) => fail(describeEnd(code, signal)));
  if (child.pid !== undefined) endWithThisProcess(child);
  child.unref();
  // Without a free file descriptor there are no pipes, and 'error' follows.
  const socket = (child.stdio as ChildProcess['stdio'] | undefined)?.[pipe] as Socket | undefined;
  return {
    postMessage: socket ? openSender(socket, events) : () => {},
    addEventListener: (type, listener) => events.addEventListener(type, listener),
    terminate: () => void child.kill('SIGKILL'),
  };
}

function spawnWorker(path: string): ChildProcess {
  if ('bun' in process.versions) {
    throw new WorkerError(
      'loadGlow: Bun cannot send messages to a worker; leave out worker, or use Node or Deno',
    );
  }
  try {
    // Flags of this process, such as --inspect or --eval, are not for the worker.
    return spawn(process.execPath, [path], {
      stdio: ['ignore', 'ignore', 'inherit', 'overlapped'],
      env: { ...process.env, [mark]: '1', ...withoutInspector(process.env.NODE_OPTIONS) },
      windowsHide: true,
    });
  } catch (cause) {
    throw new WorkerError(`loadGlow: a worker cannot be started: ${messageOf(cause)}`, { cause });
  }
}

function openSender(socket: Socket, events: EventTarget): WorkerLike['postMessage'] {
  const { send } = openMessagePipe(socket, (data) =>
    events.dispatchEvent(Object.assign(new Event('message'), { data })),
  );
  socket.on('error', () => {}); // the process has ended, as 'close' tells
  socket.unref();
  return send;
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL') return 'it was killed, perhaps because the system had no memory left';
  return signal ? `it ended by ${signal}` : `it ended with code ${code}`;
}

const running = new Set<ChildProcess>();

/** A process whose parent has ended also ends by itself, but only once its current run of ONNX Runtime returns. */
function endWithThisProcess(child: ChildProcess): void {
  if (running.size === 0) process.on('exit', endAll);
  running.add(child);
  child.on('exit', () => {
    running.delete(child);
    if (running.size === 0) process.off('exit', endAll);
  });
}

function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Two processes cannot listen at one inspector port. */
function withoutInspector(options: string | undefined): { NODE_OPTIONS?: string } {
  if (options === undefined) return {};
  return { NODE_OPTIONS: options.replaceAll(/(^|\s)--inspect(-\w+)*(=\S+)?(?=\s|$)/g, '') };
}

/** The worker's side. @throws TypeError if this process was not started by `startProcess`. */
export function openParent(): Parent {
  if (process.env[mark] === undefined) {
    throw new TypeError('serveGlow: call it in a script that loadGlow starts: pass its path as worker');
  }
  delete process.env[mark];
  // Ctrl-C and a service manager signal whole groups of processes. The parent decides what ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  const socket = new Socket({ fd: pipe, readable: true, writable: true });
  const events = new EventTarget();
  const { send } = openMessagePipe(socket, (data) =>
    events.dispatchEvent(Object.assign(new Event('message'), { data })),
  );
  socket.on('error', () => process.exit());
  socket.on('close', () => process.exit());
  const port: PortLike = {
    postMessage: send,
    addEventListener: (type, listener) => events.addEventListener(type, listener),
  };
  return {
    port,
    enter(folder) {
      if (folder !== process.cwd()) process.chdir(folder);
    },
  };
}
