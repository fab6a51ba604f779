import { type Checkpoint, createGlow, initialParams } from '@glow-onnx/flow';
import type { Device, RuntimeOptions, SkippedDevice } from '@glow-onnx/runtime/session';
import type { Engine } from '../engine/contract.js';
import { createEngine } from '../engine/create-engine.js';
import { openOnnxRuntimeDifferentiator } from '../onnxruntime/onnxruntime-differentiator.js';
import type { Memory } from '../onnxruntime/training-graph.js';
import {
  checkSettings,
  defaultSettings,
  type OptimizerName,
  type TrainSettings,
} from '../settings/settings.js';

export interface OpenEngineOptions
  extends Partial<Pick<TrainSettings, 'optimizer' | 'clip' | 'ema' | 'seed'>>,
    Pick<RuntimeOptions, 'threads' | 'wasmPaths'> {
  /** Images of a step. Batches of other sizes are taken too, but each size opens a graph of its own. */
  readonly batch: number;
  /** Default `auto`: in Node cuda, else cpu; in a page webgpu where it is no software, else wasm. */
  readonly device?: Device | 'auto';
  /** Activations that a step keeps; default full. */
  readonly memory?: Memory;
}

/** An engine with the model that it trains. */
export interface OpenEngine extends Engine {
  readonly device: Device;
  /** Devices that `auto` passed over, and why. */
  readonly skipped: readonly SkippedDevice[];
  /** The state of model and optimiser, for `encodeCheckpoint` or to open an engine on later. */
  checkpoint(): Promise<Checkpoint>;
}

/**
 * Opens what trains a model, in Node or in a page: gradients by ONNX Runtime, parameters and optimiser in JavaScript,
 * or on WebGPU in the GPU's memory.
 * Data, batches and learning rates are the caller's. A new model has to see a batch by `initialise` before its first
 * step; a checkpoint goes on with the optimiser that it has. Checkpoints of other programs may not name theirs: then
 * `optimizer` has to be the one that their state is of.
 * @throws RangeError if an option is not what it has to be, or is another optimiser than the checkpoint's; DeviceError
 * if the device is not there; Error if it is out of memory or has no kernel for an operator.
 */
export async function openEngine(
  start: Pick<Checkpoint, 'config'> | Checkpoint,
  options: OpenEngineOptions,
): Promise<OpenEngine> {
  const { batch: count, device: wanted = 'auto', memory, threads, wasmPaths, ...settings } = options;
  const { config } = start;
  const glow = createGlow(config);
  const before = 'params' in start ? start : undefined;
  const saved = before?.optimizer && optimizerOf(before);
  const all = { ...defaultSettings, ...(saved && { optimizer: saved }), ...settings, batch: count };
  checkSettings(all);
  if (saved && saved !== all.optimizer) {
    throw new RangeError(
      `openEngine: the checkpoint goes on with the optimizer ${saved}, got ${all.optimizer}; leave it out, or ` +
        "leave out the checkpoint's optimizer to begin with another",
    );
  }
  const { optimizer, clip, ema, seed } = all;
  const { trainable, fixed } = before?.params ?? initialParams(glow, seed);
  const differentiator = await openOnnxRuntimeDifferentiator(glow, fixed, {
    ...{ device: wanted, count },
    ...(memory && { memory }),
    ...(threads !== undefined && { threads }),
    ...(wasmPaths !== undefined && { wasmPaths }),
  });
  const { device, skipped } = differentiator;
  let engine: Engine | undefined;
  try {
    const [initial, learning] = [before?.ema ?? trainable, { optimizer, clip, ema }];
    engine = differentiator.residentEngine
      ? await differentiator.residentEngine(initial, learning)
      : createEngine(glow, initial, differentiator, learning);
    if (before?.optimizer) {
      const steps = Number(before.progress?.updates ?? 0);
      await engine.restore({
        trainable,
        ...(before.ema && { ema: before.ema }),
        optimizer: before.optimizer,
        steps,
      });
    }
  } catch (error) {
    await (engine ?? differentiator).dispose();
    throw error;
  }
  let initialised = before?.initialised ?? false;
  return {
    ...engine,
    device,
    skipped,
    async initialise(batch) {
      await engine.initialise(batch);
      initialised = true;
    },
    async step(batch, rate, normLimit) {
      if (!initialised) {
        throw new Error('openEngine: a new model has to see a batch by initialise() before its first step()');
      }
      return engine.step(batch, rate, normLimit);
    },
    async restore(state) {
      await engine.restore(state);
      initialised ||= state.steps > 0;
    },
    async checkpoint() {
      const { steps, trainable: trained, ...state } = await engine.snapshot();
      return {
        ...{ config, params: { trainable: trained, fixed }, initialised, ...state },
        progress: { updates: steps, settings: { optimizer } },
        training: { ...before?.training, engine: engine.description },
      };
    },
  };
}

/** What the checkpoint's optimiser state is of, if it says so. */
function optimizerOf({ progress }: Checkpoint): OptimizerName | undefined {
  const { optimizer } = (progress?.settings ?? {}) as Partial<TrainSettings>;
  return optimizer;
}
