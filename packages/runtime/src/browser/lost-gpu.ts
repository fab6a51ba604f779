import type { Queue } from '../sessions/queue.js';

interface Watch {
  lost?: Error;
  /** What ends the tasks under way. */
  readonly ends: Set<(reason: Error) => void>;
}

const watches = new WeakMap<GPUDevice, Watch>();

/**
 * A queue whose tasks fail once their GPU is lost, by a driver that crashed or a machine that slept: ONNX Runtime's
 * calls on it would never end. `current`: the device that ONNX Runtime computes on, if it has one yet.
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
    if (reason === 'destroyed') return; // by ONNX Runtime, with its last session: the next has another
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
