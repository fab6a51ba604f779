import type { Queue } from '../sessions/queue.js';

interface Watch {
  lost?: Error;
  /** Reject the running tasks. */
  readonly ends: Set<(reason: Error) => void>;
}

const watches = new WeakMap<GPUDevice, Watch>();

/**
 * A queue whose tasks fail once their GPU is lost, because its driver crashed or the machine slept. Without it the
 * calls of ONNX Runtime would never end.
 * @param current gives the device that ONNX Runtime computes on; undefined before it has one.
 */
export function failingWithGpu(queue: Queue, current: () => Promise<GPUDevice | undefined>): Queue {
  return (task) =>
    queue(async () => {
      const device = await current();
      if (!device) return task();
      const watch = watchOf(device);
      if (watch.lost) throw watch.lost;
      return untilLost(watch, task);
    });
}

function watchOf(device: GPUDevice): Watch {
  const known = watches.get(device);
  if (known) return known;
  const watch: Watch = { ends: new Set() };
  watches.set(device, watch);
  device.lost.then(({ reason, message }) => {
    if (reason === 'destroyed') return; // ONNX Runtime destroys it with its last session; the next session gets another
    watch.lost = new Error(`device "webgpu" was lost (${message}); reload the page, or use device: "wasm"`);
    for (const end of watch.ends) end(watch.lost);
  });
  return watch;
}

function untilLost<T>({ ends }: Watch, task: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    ends.add(reject);
    task()
      .then(resolve, reject)
      .finally(() => ends.delete(reject));
  });
}
