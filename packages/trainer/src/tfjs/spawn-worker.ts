import { Worker } from 'node:worker_threads';
import type { WorkerData } from './threads.js';

/** A file of its own, because `import.meta` and the worker's file exist only in the built package. */
export function spawnWorker(workerData: WorkerData): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { workerData });
}
