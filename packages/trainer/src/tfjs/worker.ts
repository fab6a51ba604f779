import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createGlow } from '@glow-onnx/flow';
import { messageOf } from '@glow-onnx/runtime/internal';
import { openDevice } from './device.js';
import { createTfjsDifferentiator } from './tfjs-differentiator.js';
import type { WorkerData, WorkerReply, WorkerTask } from './threads.js';

// A worker thread. It opens a differentiator of its own and answers tasks one after the other.
const port = parentPort as MessagePort;
const { config, dequantisation: trained, fixed, device } = workerData as WorkerData;
const opened = openDevice(device).then(() =>
  createTfjsDifferentiator(createGlow(config, trained), fixed, device),
);
opened.catch(() => {}); // reported in the answer to the first task

async function answer({
  parameters,
  batch,
  gradient,
  dequantisation = 'uniform',
}: WorkerTask): Promise<WorkerReply> {
  try {
    const differentiator = await opened;
    if (gradient === undefined) {
      const bitsPerDim = await differentiator.evaluate(parameters, batch, dequantisation);
      return { bitsPerDim, bitsPerDimLevels: [] };
    }
    const { gradient: found, ...scores } = await differentiator.gradient(parameters, batch);
    gradient.set(found);
    return scores;
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(messageOf(error)) };
  }
}

port.on('message', async (task: WorkerTask) => port.postMessage(await answer(task)));
