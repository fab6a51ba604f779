import { type Checkpoint, createGlow, type Dequantisation } from '@glow-onnx/flow';
import {
  anything,
  checkOptions,
  dequantisationOf,
  describe,
  integerFrom,
  oneOf,
  type Rules,
} from '@glow-onnx/flow/internal';
import { devices } from '@glow-onnx/runtime/internal';
import type { Device, RuntimeOptions, SkippedDevice } from '@glow-onnx/runtime/session';
import type { Engine, EngineState, LearningSettings } from '../engine/contract.js';
import type { OptimizerName } from '../engine/optimizer.js';
import { type Memory, memories } from '../onnxruntime/memory.js';
import { openOnnxRuntimeDifferentiator } from '../onnxruntime/onnxruntime-differentiator.js';
import { checkSettings } from '../settings/check-settings.js';
import { defaultSettings, type TrainSettings } from '../settings/settings.js';
import { assembleEngine } from './assemble-engine.js';
import { startingParams } from './starting-params.js';

/** Options of `openEngine`. */
export interface OpenEngineOptions
  extends Partial<LearningSettings>,
    Pick<RuntimeOptions, 'threads' | 'wasmPaths'> {
  /** Images of a batch. Other sizes work too, but each size opens a graph of its own. */
  readonly batch: number;
  /**
   * The noise inside the bins of pixels: `uniform`, that of the batches, or `variational`, which a trained dequantiser
   * makes of it. A checkpoint with a dequantiser has to go on with it. Default: `uniform`, or as the checkpoint has it.
   */
  readonly dequantisation?: Dequantisation;
  /** Decides the first parameters of a new model. Default 1. */
  readonly seed?: number;
  /**
   * The device to train on. Default `auto`: in Node cuda if it is available, else the cpu; in a page webgpu if the page
   * has a real GPU, else wasm.
   */
  readonly device?: Device | 'auto';
  /** Which activations a step keeps. Default `full`. */
  readonly memory?: Memory;
}

// Learning settings are checked as settings of a run.
const rules: Rules<OpenEngineOptions> = {
  ...{
    batch: anything,
    dequantisation: anything,
    optimizer: anything,
    beta1: anything,
    beta2: anything,
    clip: anything,
    ema: anything,
    seed: anything,
  },
  device: oneOf(['auto', ...devices]),
  memory: oneOf(memories),
  threads: integerFrom(1),
  wasmPaths: anything,
};

/** An engine that knows its model and can write checkpoints. */
export interface OpenEngine extends Engine {
  /** The device that was opened. */
  readonly device: Device;
  /** Devices that `auto` passed over, each with a reason. */
  readonly skipped: readonly SkippedDevice[];
  /**
   * The state of model and optimiser, for `encodeCheckpoint`, `glow-onnx export` or another `openEngine`.
   * @throws Error if the GPU was lost.
   * @example
   * import { encodeCheckpoint } from '@glow-onnx/flow';
   *
   * const bytes = encodeCheckpoint(await engine.checkpoint());
   */
  checkpoint(): Promise<Checkpoint>;
}

/**
 * Opens an engine for a training loop of your own, in Node or in a page. ONNX Runtime computes gradients; parameters
 * and optimiser are in JavaScript or, on WebGPU, in the memory of the GPU. Data, batches and learning rates are yours.
 *
 * A new model must see a batch by `initialise` before its first step. A checkpoint continues with its own optimiser.
 * If it does not name the optimiser of its state, pass that one as `optimizer`.
 * @param start a config for a new model, or a checkpoint to continue from.
 * @throws RangeError if an option is invalid or `optimizer` is not the checkpoint's; DeviceError if the device is not
 * available; Error if the device is out of memory or has no kernel for an operator.
 * @example
 * import { createConfig } from '@glow-onnx/flow';
 *
 * const config = createConfig({ channels: 3, height: 32, width: 32 });
 * const engine = await openEngine({ config }, { batch: 32 });
 * await engine.initialise(batch); // { count: 32, x }
 * const { bitsPerDim } = await engine.step(batch, 1e-3);
 */
export async function openEngine(
  start: Pick<Checkpoint, 'config'> | Checkpoint,
  options: OpenEngineOptions,
): Promise<OpenEngine> {
  checkOptions('openEngine', options ?? null, rules);
  if (typeof start !== 'object' || start === null || !('config' in start)) {
    throw new TypeError(
      `openEngine: expected { config } or a checkpoint, got ${describe(start)}; call it as openEngine(start, options)`,
    );
  }
  const checkpoint = 'params' in start ? start : undefined;
  const saved = checkpoint?.optimizer && optimizerOf(checkpoint);
  const trained = checkpoint && dequantisationOf(Object.keys(checkpoint.params.trainable));
  const {
    batch,
    dequantisation = trained ?? defaultSettings.dequantisation,
    optimizer = saved ?? defaultSettings.optimizer,
    beta1,
    beta2,
    clip,
    ema,
    seed,
    ...runtime
  } = options;
  const settings = {
    ...{ batch, dequantisation, optimizer },
    beta1: beta1 ?? defaultSettings.beta1,
    beta2: beta2 ?? defaultSettings.beta2,
    clip: clip ?? defaultSettings.clip,
    ema: ema ?? defaultSettings.ema,
    seed: seed ?? defaultSettings.seed,
  };
  checkSettings({ ...defaultSettings, ...settings });
  if (saved && saved !== optimizer) {
    throw new RangeError(
      `openEngine: the checkpoint continues with the optimizer ${saved}, got ${optimizer}; leave out optimizer, or ` +
        'remove `optimizer` from the checkpoint to begin with another one',
    );
  }
  if (checkpoint?.optimizer && dequantisation !== trained) {
    throw new RangeError(
      `openEngine: the checkpoint continues with the dequantisation ${trained}, got ${dequantisation}; leave it out, or ` +
        'remove `optimizer` from the checkpoint to begin with another one',
    );
  }
  const { config } = start;
  const glow = createGlow(config, dequantisation);
  const { trainable, fixed } = startingParams(glow, settings.seed, checkpoint);
  const { device = 'auto', ...others } = runtime;
  const differentiator = await openOnnxRuntimeDifferentiator(glow, fixed, {
    ...others,
    device,
    count: batch,
  });
  const engine = await assembleEngine(
    glow,
    { initial: trainable, state: checkpoint && stateOf(checkpoint) },
    differentiator,
    settings,
  );
  return withCheckpoints(engine, { config, checkpoint, fixed, optimizer }, differentiator);
}

interface Origin {
  readonly config: Checkpoint['config'];
  /** The checkpoint that the engine continues from, if there is one. */
  readonly checkpoint: Checkpoint | undefined;
  readonly fixed: Checkpoint['params']['fixed'];
  readonly optimizer: OptimizerName;
}

/** The engine of a model: it asks for initialisation and writes checkpoints. */
function withCheckpoints(
  engine: Engine,
  { config, checkpoint, fixed, optimizer }: Origin,
  { device, skipped }: Pick<OpenEngine, 'device' | 'skipped'>,
): OpenEngine {
  let initialised = checkpoint?.initialised ?? false;
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
        throw new Error('openEngine: a new model needs initialise() with a batch before its first step()');
      }
      return engine.step(batch, rate, normLimit);
    },
    async restore(state) {
      await engine.restore(state);
      initialised ||= state.steps > 0;
    },
    async checkpoint() {
      const { steps, trainable, ...state } = await engine.snapshot();
      return {
        ...{ config, params: { trainable, fixed }, initialised, ...state },
        progress: { updates: steps, settings: { optimizer } },
        training: { ...checkpoint?.training, engine: engine.description },
      };
    },
  };
}

/** The engine state in a checkpoint, if it holds the state of an optimiser. */
function stateOf({ params, ema, optimizer, progress }: Checkpoint): EngineState | undefined {
  if (!optimizer) return undefined;
  const steps = Number(progress?.updates ?? 0);
  return { trainable: params.trainable, ...(ema && { ema }), optimizer, steps };
}

/** The optimiser of the state in a checkpoint, if the checkpoint names it. */
function optimizerOf({ progress }: Checkpoint): OptimizerName | undefined {
  const { optimizer } = (progress?.settings ?? {}) as Partial<TrainSettings>;
  return optimizer;
}
