import type { Worker } from 'node:worker_threads';
import type { Dequantisation, Float64Tensor, GlowConfig, Named } from '@glow-onnx/flow';
import { type Batch, splitBatch } from '../engine/batch.js';
import type { Differentiator } from '../engine/differentiator.js';
import { addScaled } from '../engine/parameters.js';
import { joined, joinScores, type Scores } from '../engine/scores.js';
import type { TfjsDevice } from './device.js';

/** The data from which a thread opens a differentiator of its own. */
export interface WorkerData {
  readonly config: GlowConfig;
  readonly dequantisation: Dequantisation;
  readonly fixed: Named<Float64Tensor>;
  readonly device: TfjsDevice;
}

/** One part of a batch. Parameters and the gradient are in memory that all threads share. */
export interface WorkerTask {
  readonly parameters: Float32Array;
  readonly batch: Batch;
  /** Receives the gradient. Without it, the worker only evaluates, with this noise. */
  readonly gradient?: Float32Array;
  readonly dequantisation?: Dequantisation;
}

/** Without a gradient, `bitsPerDimLevels` is empty. */
export type WorkerReply = Scores | { readonly error: Error };

/**
 * Splits every batch over threads, including this one (`local`), and averages their gradients: the wasm backend has
 * one thread in Node. The order of the sums depends on the number of threads, so losses agree to float32 rounding.
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
      addScaled(gradient, gradient, own.count / batch.count - 1); // scaled by its share, in place
      parts.forEach((part, i) => {
        addScaled(gradient, shared[i], part.count / batch.count);
      });
      return { ...joinScores([scores, ...others]), gradient };
    },
    async evaluate(parameters, batch, dequantisation) {
      const [own, ...parts] = splitBatch(batch, threads);
      const all = share(parameters);
      const replies = parts.map((part, i) =>
        ask(workers[i], { parameters: all, batch: part, dequantisation }),
      );
      const [found, ...others] = await Promise.all([
        local.evaluate(parameters, own, dequantisation),
        ...replies,
      ]);
      return joined([found, ...others.map(({ bitsPerDim }) => bitsPerDim)]);
    },
    orthogonalise: local.orthogonalise,
    async dispose() {
      await Promise.all([local.dispose(), ...workers.map((worker) => worker.terminate())]);
    },
  };
}

function sharedVector(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

/** Sends a worker a task and waits for the reply. @throws Error that the worker threw, or if the worker ended. */
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
      onExit(1); // it ended before this task
    else worker.postMessage(task);
  });
}
