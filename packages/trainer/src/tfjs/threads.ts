import type { Worker } from 'node:worker_threads';
import type { Float64Tensor, GlowConfig, Named } from '@glow-onnx/flow';
import type { Batch, Differentiator } from '../engine/contract.js';
import { joined, joinScores, type Scores } from '../engine/scores.js';
import { addScaled, splitBatch } from '../engine/split-batch.js';
import type { TfjsDevice } from './device.js';

export interface WorkerData {
  readonly config: GlowConfig;
  readonly fixed: Named<Float64Tensor>;
  readonly device: TfjsDevice;
}

/** Parameters lie in shared memory, where all workers read them; so does the gradient, if one is wanted. */
export interface WorkerTask {
  readonly parameters: Float32Array;
  readonly batch: Batch;
  readonly gradient?: Float32Array;
}

/** Of a task without a gradient, levels are not told apart. */
export type WorkerReply = Scores | { readonly error: Error };

/**
 * Splits every batch over threads, this one (`local`) among them, and averages their gradients: the wasm backend
 * has one thread in Node. The sums are in another order than with one thread, so losses agree to float32 rounding.
 */
export function acrossThreads(local: Differentiator, workers: readonly Worker[]): Differentiator {
  const threads = workers.length + 1;
  const shared: Float32Array[] = [];
  let common: Float32Array | undefined;
  const share = (parameters: Float32Array): Float32Array => {
    common ??= sharedVector(parameters.length);
    common.set(parameters);
    return common;
  };

  return {
    description: `${local.description}, ${threads} threads`,
    initialise: local.initialise,
    async gradient(parameters, batch) {
      const [own, ...parts] = splitBatch(batch, threads);
      const all = share(parameters);
      const replies = parts.map((part, i) => {
        shared[i] ??= sharedVector(parameters.length);
        return ask(workers[i], { parameters: all, batch: part, gradient: shared[i] });
      });
      const [{ gradient, ...scores }, ...others] = await Promise.all([
        local.gradient(parameters, own),
        ...replies,
      ]);
      addScaled(gradient, gradient, own.count / batch.count - 1); // its own share, in place
      parts.forEach((part, i) => {
        addScaled(gradient, shared[i], part.count / batch.count);
      });
      return { ...joinScores([scores, ...others]), gradient };
    },
    async evaluate(parameters, batch) {
      const [own, ...parts] = splitBatch(batch, threads);
      const all = share(parameters);
      const replies = parts.map((part, i) => ask(workers[i], { parameters: all, batch: part }));
      const [found, ...others] = await Promise.all([local.evaluate(parameters, own), ...replies]);
      return joined([found, ...others.map(({ bitsPerDim }) => bitsPerDim)]);
    },
    async dispose() {
      await Promise.all([local.dispose(), ...workers.map((worker) => worker.terminate())]);
    },
  };
}

function sharedVector(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

/** One task, one answer. @throws Error what the worker threw. */
function ask(worker: Worker, task: WorkerTask): Promise<Scores> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
    };
    const onMessage = (reply: WorkerReply): void => {
      settle();
      if ('error' in reply) reject(reply.error);
      else resolve(reply);
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    const onExit = (code: number): void => {
      settle();
      reject(new Error(`training: a worker thread ended with code ${code}; pass --threads 1`));
    };
    worker.once('message', onMessage);
    worker.once('error', onError);
    worker.once('exit', onExit);
    if (worker.threadId === -1)
      onExit(1); // ended before it was asked anything
    else worker.postMessage(task);
  });
}
