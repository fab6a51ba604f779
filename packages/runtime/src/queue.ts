import type { Device } from './session.js';

/** Runs a task once those before it have ended, well or badly. */
export type Queue = <T>(task: () => Promise<T>) => Promise<T>;

export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => {});
    return result;
  };
}

const key = Symbol.for('@glow-onnx/runtime: queues');
const atOnce: Queue = (task) => task();

/**
 * The one queue of a device in this process or tab, for whatever opens, runs and frees its sessions: ONNX Runtime's
 * web build takes one call at a time, and two sessions on one WebGPU device have crashed. It hangs on the global
 * object because a program may load this package twice, as ES module and as CommonJS. The cpu needs none.
 */
export function queueOf(device: Device): Queue {
  if (device === 'cpu') return atOnce;
  const shared = globalThis as { [key]?: Partial<Record<Device, Queue>> };
  shared[key] ??= {};
  shared[key][device] ??= createQueue();
  return shared[key][device];
}
