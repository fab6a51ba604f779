import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import { aFunction, integerFrom, oneOf, type Rules } from '@glow-onnx/flow/internal';
import { devices } from '@glow-onnx/runtime/internal';
import { resources } from '@glow-onnx/runtime/internal-node';
import { type Device, DeviceError } from '@glow-onnx/runtime/session';
import { inParts } from '../engine/accumulate.js';
import type { Differentiator } from '../engine/differentiator.js';
import type { OpenedDevice } from '../engine/opened-device.js';
import {
  checkStepMemory,
  type Memory,
  memories,
  memoryFor,
  type StepSettings,
} from '../onnxruntime/memory.js';
import { openOnnxRuntimeDifferentiator } from '../onnxruntime/onnxruntime-differentiator.js';
import type { TfjsDevice } from '../tfjs/device.js';
import { openTfjsDifferentiator } from '../tfjs/open-tfjs.js';

export const engines = ['onnxruntime', 'tfjs'] as const;
/** The library that computes gradients: ONNX Runtime or TensorFlow.js. */
export type EngineName = (typeof engines)[number];

/** A device of ONNX Runtime (cpu, cuda, webgpu, wasm) or of TensorFlow.js (cpu, wasm, webgpu, node, node-gpu). */
export type TrainDevice = Device | TfjsDevice;
export const trainDevices: readonly TrainDevice[] = [...devices, 'node', 'node-gpu'];

/** The choice of the library and the device that compute gradients. */
export interface EngineOptions {
  /**
   * The library that computes gradients. Default `auto`: ONNX Runtime if it is installed; TensorFlow.js if it is not,
   * or if `device` is wasm, webgpu, node or node-gpu.
   */
  readonly engine?: EngineName | 'auto';
  /**
   * The device to train on. Default `auto`: the cpu with ONNX Runtime; with TensorFlow.js the fastest device that works
   * on this machine.
   */
  readonly device?: TrainDevice | 'auto';
  /**
   * Threads on cpu and wasm, 1 to 256. Default: one for each core. With TensorFlow.js on wasm at most one for each
   * eight images of a batch, and on its other devices 1.
   */
  readonly threads?: number;
  /**
   * Which activations ONNX Runtime keeps in a step, see `Memory`. Default `auto`: `full`, or `reversible` if `full` is
   * likely to need more than half of the free memory.
   */
  readonly memory?: Memory | 'auto';
  /**
   * With ONNX Runtime: the most bytes that a step may take. A step that would take more is refused before the first one,
   * with what would fit. Default: what the machine has free; without a limit on a GPU, whose memory is not known.
   */
  readonly maxMemory?: number;
  /** Called once, with the device that was opened and the reasons. */
  readonly onDevice?: (opened: OpenedDevice) => void;
}

/** The rules of `EngineOptions`. */
export const engineRules: Rules<EngineOptions> = {
  engine: oneOf(['auto', ...engines]),
  device: oneOf(['auto', ...trainDevices]),
  threads: {
    ...{ expected: 'an integer from 1 to 256', type: 'number' },
    holds: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 256,
  },
  memory: oneOf(['auto', ...memories]),
  maxMemory: integerFrom(1),
  onDevice: aFunction,
};

type Open = (
  glow: Glow,
  fixed: Named<Float64Tensor>,
  settings: StepSettings,
  options: EngineOptions,
) => Promise<Differentiator>;

/**
 * Chooses the library and the device for gradients and opens them.
 * @throws RangeError if the library does not have the device; Error if the library or the device is not available.
 */
export const openDifferentiator: Open = async (glow, fixed, settings, options) => {
  const { engine = 'auto', device = 'auto' } = options;
  const forOnnxRuntime = engine === 'onnxruntime' || ['auto', 'cpu', 'cuda'].includes(device);
  const open = engine !== 'tfjs' && forOnnxRuntime ? openOnnxRuntime : openTfjs;
  const whole = await open(glow, fixed, settings, options);
  return settings.accumulate > 1 ? inParts(whole, settings.accumulate) : whole;
};

const openOnnxRuntime: Open = async (glow, fixed, settings, options) => {
  const { engine = 'auto', device: wanted = 'auto', threads, onDevice } = options;
  if (wanted === 'node' || wanted === 'node-gpu') {
    throw new RangeError(`device "${wanted}" needs TensorFlow.js; pass --engine tfjs, or another device`);
  }
  const count = Math.ceil(settings.batch / settings.accumulate);
  const memory = memoryOf(glow, settings, wanted, options);
  try {
    const opened = await openOnnxRuntimeDifferentiator(glow, fixed, {
      device: wanted,
      count,
      memory,
      ...(threads !== undefined && { threads }),
    });
    return await orDispose(opened, () =>
      onDevice?.({
        device: opened.device,
        ...(engine === 'auto' && {
          engine: 'ONNX Runtime, which is installed and the fastest on a processor',
        }),
        skipped: opened.skipped.map(({ device, reason }) => ({
          device,
          use: 'for a GPU',
          // Most machines have no such GPU; how to install CUDA is for who asks for it.
          reason: device === 'cuda' ? 'not available here; pass --device cuda to see why' : reason,
        })),
      }),
    );
  } catch (error) {
    if (engine !== 'auto' || wanted !== 'auto' || !(error instanceof DeviceError)) throw error;
    const reason = error.message;
    const skipped = { device: 'ONNX Runtime', use: 'for any processor, several times as fast', reason };
    const told = (opened: OpenedDevice) =>
      onDevice?.({
        ...opened,
        engine: 'TensorFlow.js, because ONNX Runtime is not available',
        skipped: [skipped, ...opened.skipped],
      });
    return openTfjs(glow, fixed, settings, { ...options, onDevice: told });
  }
};

/** The memory mode, if a step fits. @throws MemoryError if none does. */
function memoryOf(
  glow: Glow,
  settings: StepSettings,
  device: Device | 'auto',
  { memory = 'auto', maxMemory }: EngineOptions,
): Memory {
  const available = maxMemory ?? resources(device === 'auto' ? 'cpu' : device).memory;
  const count = Math.ceil(settings.batch / settings.accumulate);
  // The memory of a GPU is not known. That of the machine is the best guess.
  const chosen =
    memory === 'auto'
      ? memoryFor(glow, count, available ?? process.availableMemory(), settings.optimizer)
      : memory;
  if (available !== undefined) checkStepMemory(glow, settings, chosen, available);
  return chosen;
}

const openTfjs: Open = async (glow, fixed, { batch, accumulate }, options) => {
  const { engine = 'auto', device: wanted = 'auto', threads, memory = 'auto', onDevice } = options;
  if (memory === 'reversible') {
    throw new RangeError(
      'memory "reversible" needs ONNX Runtime; pass --engine onnxruntime, or use --accumulate instead',
    );
  }
  if (wanted === 'cuda') {
    throw new RangeError(
      'device "cuda" needs ONNX Runtime; pass --engine onnxruntime, or the device node-gpu',
    );
  }
  const { differentiator, opened } = await openTfjsDifferentiator(glow, fixed, {
    device: wanted,
    threads,
    count: batch / accumulate,
  });
  const { device } = opened;
  const both = device === 'wasm' || device === 'webgpu';
  const other = both ? `; for the ${device} of ONNX Runtime pass --engine onnxruntime` : '';
  return orDispose(differentiator, () =>
    onDevice?.({ ...opened, ...(engine === 'auto' && { engine: `TensorFlow.js on ${device}${other}` }) }),
  );
};

/** Tells the caller's callback of a differentiator. If the callback throws, the differentiator is disposed of. */
async function orDispose(differentiator: Differentiator, tell: () => void): Promise<Differentiator> {
  try {
    tell();
    return differentiator;
  } catch (error) {
    await differentiator.dispose();
    throw error;
  }
}
