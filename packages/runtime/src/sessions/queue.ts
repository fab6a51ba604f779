/** Runs a task once all tasks before it have ended, whether they succeeded or failed. */
export type Queue = <T>(task: () => Promise<T>) => Promise<T>;

export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    const ended = () => {}; // keeps no result
    last = result.then(ended, ended);
    return result;
  };
}

/** A queue that does not wait: each task starts at once. */
export const atOnce: Queue = (task) => task();

const key = Symbol.for('@glow-onnx/runtime: queues');

/**
 * The only queue of this name in the process or tab. It is a property of the global object, because a program may load
 * this package twice, as ES module and as CommonJS.
 */
export function queueOf(name: string): Queue {
  const shared = globalThis as { [key]?: Record<string, Queue> };
  shared[key] ??= {};
  shared[key][name] ??= createQueue();
  return shared[key][name];
}
