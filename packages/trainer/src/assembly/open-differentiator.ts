import { availableParallelism, freemem } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Float64Tensor, Glow, GlowConfig, Named } from '@glow-onnx/flow';
import { type Device, DeviceError } from '@glow-onnx/runtime/session';
import { inParts } from '../engine/accumulate.js';
import type { Differentiator } from '../engine/contract.js';
import { openOnnxRuntimeDifferentiator } from '../onnxruntime/onnxruntime-differentiator.js';
import { type Memory, memories } from '../onnxruntime/training-graph.js';
import type { TrainSettings } from '../settings/settings.js';
import { type OpenedDevice, openDevice, type TfjsDevice } from '../tfjs/device.js';
import { createTfjsDifferentiator } from '../tfjs/tfjs-differentiator.js';
import { acrossThreads, type WorkerData } from '../tfjs/threads.js';

export const engines = ['onnxruntime', 'tfjs'] as const;
export type EngineName = (typeof engines)[number];

/** A device of ONNX Runtime (cpu, cuda, webgpu, wasm) or of TensorFlow.js (cpu, wasm, webgpu, node, node-gpu). */
export type TrainDevice = Device | TfjsDevice;

export interface EngineOptions {
  /**
   * Default `auto`: ONNX Runtime where it is installed, unless the device asked for is one that TensorFlow.js is
   * meant by: wasm, webgpu, node or node-gpu.
   */
  readonly engine?: EngineName | 'auto';
  /** Default `auto`: the cpu for ONNX Runtime, the fastest that works here for TensorFlow.js. */
  readonly device?: TrainDevice | 'auto';
  /** Threads on cpu and wasm (default: one a core; of TensorFlow.js no more than one for eight images of a batch). */
  readonly threads?: number;
  /**
   * Of ONNX Runtime, see `Memory`. Default `auto`: full, unless that is likely to take more than half of the memory
   * that is free.
   */
  readonly memory?: Memory | 'auto';
  /** Told once what was opened and why not another. */
  readonly onDevice?: (opened: OpenedDevice) => void;
}

/**
 * Opens what computes gradients.
 * @throws RangeError if the engine has no such device; Error if what was asked for is not available here.
 */
export async function openDifferentiator(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  settings: Pick<TrainSettings, 'batch' | 'accumulate'>,
  options: EngineOptions,
): Promise<Differentiator> {
  const { engine = 'auto', device = 'auto', memory = 'auto' } = options;
  if (memory !== 'auto' && !memories.includes(memory)) {
    throw new RangeError(`train: memory must be auto, ${memories.join(' or ')}, got ${memory}`);
  }
  const ofOnnxRuntime = engine === 'onnxruntime' || ['auto', 'cpu', 'cuda'].includes(device);
  const open = engine !== 'tfjs' && ofOnnxRuntime ? openOnnxRuntime : openTfjs;
  const whole = await open(glow, fixed, settings, options);
  return settings.accumulate > 1 ? inParts(whole, settings.accumulate) : whole;
}

type Open = typeof openDifferentiator;

const openOnnxRuntime: Open = async (glow, fixed, settings, options) => {
  const { engine = 'auto', device: wanted = 'auto', threads, memory = 'auto', onDevice } = options;
  if (wanted === 'node' || wanted === 'node-gpu') {
    throw new RangeError(`device "${wanted}" is one of TensorFlow.js; pass --engine tfjs, or another device`);
  }
  const count = Math.ceil(settings.batch / settings.accumulate);
  try {
    const opened = await openOnnxRuntimeDifferentiator(glow, fixed, {
      device: wanted,
      count,
      memory: memory === 'auto' ? memoryFor(glow.config, count, freemem()) : memory,
      ...(threads !== undefined && { threads }),
    });
    onDevice?.({
      device: opened.device,
      ...(engine === 'auto' && { engine: 'ONNX Runtime, the fastest on a processor and installed here' }),
      skipped: opened.skipped.map((skipped) => ({ ...skipped, use: 'for a GPU' })),
    });
    return opened;
  } catch (error) {
    if (engine !== 'auto' || wanted !== 'auto' || !(error instanceof DeviceError)) throw error;
    const reason = error.message;
    const skipped = { device: 'ONNX Runtime', use: 'for any processor, several times as fast', reason };
    const told = (opened: OpenedDevice) =>
      onDevice?.({
        ...opened,
        engine: 'TensorFlow.js, as ONNX Runtime is not available',
        skipped: [skipped, ...opened.skipped],
      });
    return openTfjs(glow, fixed, settings, { ...options, onDevice: told });
  }
};

const openTfjs: Open = async (glow, fixed, { batch, accumulate }, options) => {
  const { engine = 'auto', device: wanted = 'auto', threads, memory = 'auto', onDevice } = options;
  if (memory === 'reversible') {
    throw new RangeError(
      'memory "reversible" is one of ONNX Runtime; pass --engine onnxruntime, or --accumulate',
    );
  }
  if (wanted === 'cuda') {
    throw new RangeError('device "cuda" is one of ONNX Runtime; pass --engine onnxruntime, or node-gpu');
  }
  const opened = await openDevice(wanted);
  const { device } = opened;
  const also =
    device === 'wasm' || device === 'webgpu' ? '; ONNX Runtime has it too: --engine onnxruntime' : '';
  onDevice?.({
    ...opened,
    ...(engine === 'auto' && { engine: `TensorFlow.js, whose ${device} is meant${also}` }),
  });
  const local = createTfjsDifferentiator(glow, fixed, `TensorFlow.js on ${device}`);
  const most = Math.floor(batch / accumulate / 8);
  const useful = device === 'wasm' ? Math.min(availableParallelism(), most) : 1;
  const others = (threads ?? useful) - 1;
  if (others < 1) return local;
  return acrossThreads(local, await spawnWorkers(others, { config: glow.config, fixed, device }));
};

/**
 * A step keeps about 4 values a hidden channel and pixel for each coupling: measured, K=4 to 16, 128 hidden channels.
 */
export function memoryFor(config: GlowConfig, count: number, freeBytes: number): Memory {
  const { height, width, levels, steps, hiddenChannels } = config;
  const pixels = Array.from({ length: levels }, (_, l) => (count * height * width) / 4 ** (l + 1));
  const bytes = 4 * 4 * steps * hiddenChannels * pixels.reduce((sum, n) => sum + n, 0);
  return bytes > freeBytes / 2 ? 'reversible' : 'full';
}

async function spawnWorkers(count: number, data: WorkerData): Promise<Worker[]> {
  const { spawnWorker } = await import('../tfjs/spawn-worker.js');
  return Array.from({ length: count }, () => spawnWorker(data));
}
