import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import type { Differentiator } from '../engine/differentiator.js';
import type { OpenedDevice } from '../engine/opened-device.js';
import { openDevice, type TfjsDevice } from './device.js';
import { createTfjsDifferentiator } from './tfjs-differentiator.js';
import { acrossThreads, type WorkerData } from './threads.js';

/** Fewer images for each thread are not worth the exchange of gradients. */
const LEAST_IMAGES_PER_THREAD = 8;

export interface TfjsOptions {
  readonly device: TfjsDevice | 'auto';
  /** Default: one for each core on wasm, if each gets eight images; else 1. */
  readonly threads?: number | undefined;
  /** Images of a batch that are computed at once. */
  readonly count: number;
}

/**
 * Opens gradients by TensorFlow.js on the given or the fastest device, in one or several threads.
 * @throws Error if the device is not available.
 */
export async function openTfjsDifferentiator(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  { device: wanted, threads, count }: TfjsOptions,
): Promise<{ differentiator: Differentiator; opened: OpenedDevice<TfjsDevice> }> {
  const opened = await openDevice(wanted);
  const { device } = opened;
  const local = createTfjsDifferentiator(glow, fixed, `TensorFlow.js on ${device}`);
  const most = Math.floor(count / LEAST_IMAGES_PER_THREAD);
  const useful = device === 'wasm' ? Math.min(availableParallelism(), most) : 1;
  const others = (threads ?? useful) - 1;
  if (others < 1) return { differentiator: local, opened };
  const dequantisation = glow.dequantiser ? 'variational' : 'uniform';
  const workers = await spawnWorkers(others, { config: glow.config, dequantisation, fixed, device });
  return { differentiator: acrossThreads(local, workers), opened };
}

async function spawnWorkers(count: number, data: WorkerData): Promise<Worker[]> {
  const { spawnWorker } = await import('./spawn-worker.js');
  return Array.from({ length: count }, () => spawnWorker(data));
}
