import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import { encodeModel, graph } from '@glow-onnx/graph';
import { createQueue, mean } from '@glow-onnx/runtime/internal';
import { type DeviceTensor, openSession, type RuntimeOptions } from '@glow-onnx/runtime/session';
import { checkBatch } from '../engine/batch.js';
import type { Batch, Engine, EngineState, LearnSettings } from '../engine/contract.js';
import { scales } from '../engine/optimizer.js';
import { flatten, parameterLayout, tensorsOf, viewed } from '../engine/parameters.js';
import type { Scores } from '../engine/scores.js';
import { openTransfer, type Transfer } from './transfer.js';
import { scaleFeeds, updateGraph } from './update-graph.js';

/** Tensors on the device, by the parameters that they are of. */
type OnDevice = Named<DeviceTensor>;

/** What computes gradients of parameters on the device. */
export interface ResidentGraphs {
  readonly description: string;
  readonly runtime: Pick<RuntimeOptions, 'threads' | 'wasmPaths'>;
  /** Of what went wrong with parameters on the device. */
  explain(cause: unknown): Error;
  /** On the host: it is done once. */
  initialise(parameters: Float32Array, batch: Batch): Promise<Float32Array>;
  /** bits/dim of the images, and the gradient of their mean, for the caller to dispose of. */
  gradient(parameters: OnDevice, batch: Batch): Promise<Scores & { norm: number; gradient: OnDevice }>;
  evaluate(parameters: OnDevice, batch: Batch): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/** `Learned`, on the device. */
interface Resident {
  readonly parameters: OnDevice;
  readonly m: OnDevice;
  readonly v: OnDevice;
  readonly average?: OnDevice;
}

/**
 * Parameters, their average and the optimiser in the memory of a GPU: what crosses in a step is the batch, bits/dim
 * and the gradient's norm. The state comes to the host when it is asked for. Calls take turns.
 */
export async function openResidentEngine(
  glow: Glow,
  initial: Named<Float64Tensor>,
  { optimizer, clip, ema }: LearnSettings,
  graphs: ResidentGraphs,
): Promise<Engine> {
  const layout = parameterLayout(glow);
  const { places, size } = layout;
  const averaged = ema > 0;
  const spec = updateGraph(optimizer, places, averaged);
  const zeros = (): Float32Array => new Float32Array(size);
  const flat = (named: Named<Float64Tensor>): Float32Array => {
    const vector = zeros();
    flatten(layout, named, vector);
    return vector;
  };
  const explained = <T>(task: Promise<T>): Promise<T> =>
    task.catch((cause) => {
      throw graphs.explain(cause);
    });

  const sessions: { release(): Promise<void> }[] = [];
  const opened = async <T extends { release(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const session = await explained(opening);
    sessions.push(session);
    return session;
  };
  const release = async (): Promise<void> => {
    for (const session of sessions) await session.release().catch(() => {}); // as of a lost GPU
  };
  const open = async () => {
    const model = encodeModel(graph(spec), { producer: { name: '@glow-onnx/trainer', version: '' } });
    const kept = Object.keys(spec.outputs);
    return {
      update: await opened(openSession({ ...graphs.runtime, model, device: 'webgpu', kept })),
      upload: await opened(openTransfer('gpu', places, graphs.runtime)),
      download: await opened(openTransfer('host', places, graphs.runtime)),
    };
  };

  /** Puts vectors there: all of them or none. */
  const place = async (
    upload: Transfer,
    vectors: Readonly<Record<keyof Resident, Float32Array>>,
  ): Promise<Resident> => {
    const placed: Partial<Record<keyof Resident, OnDevice>> = {};
    try {
      for (const vector of averaged ? all : moving) {
        placed[vector] = (await explained(upload.copy(tensorsOf(layout, vectors[vector])))).kept;
      }
      return placed as Resident;
    } catch (error) {
      for (const tensors of Object.values(placed)) dispose(tensors);
      throw error;
    }
  };

  const start = flat(initial);
  const { update, upload, download, first } = await open()
    .then(async (those) => ({
      ...those,
      first: await place(those.upload, { parameters: start, m: zeros(), v: zeros(), average: start }),
    }))
    .catch(async (error) => {
      await release();
      throw error;
    });
  let resident = first;
  let steps = 0;
  const replace = (next: Resident): void => {
    for (const tensors of Object.values(resident)) dispose(tensors);
    resident = next;
  };
  const fetch = async (onDevice: OnDevice): Promise<Float32Array> => {
    const vector = zeros();
    const { outputs } = await explained(download.copy(onDevice));
    for (const { name, from } of places) vector.set(outputs[name].data, from);
    return vector;
  };
  const state = async (): Promise<EngineState> => {
    const read = async (onDevice: OnDevice) => viewed(layout, await fetch(onDevice));
    const { parameters, m, v, average } = resident;
    return {
      trainable: await read(parameters),
      ...(average && { ema: await read(average) }),
      optimizer: { m: await read(m), v: await read(v) },
      steps,
    };
  };
  const inTurn = createQueue(); // a step disposes of tensors that another call may read

  return {
    description: `${graphs.description}, parameters kept there`,
    initialise: (batch) =>
      inTurn(async () => {
        checkBatch(glow.config, batch);
        const parameters = await graphs.initialise(await fetch(resident.parameters), batch);
        const [m, v] = [await fetch(resident.m), await fetch(resident.v)];
        replace(await place(upload, { parameters, m, v, average: parameters }));
      }),
    step: (batch, rate, normLimit = Number.POSITIVE_INFINITY) =>
      inTurn(async () => {
        checkBatch(glow.config, batch);
        const found = await graphs.gradient(resident.parameters, batch);
        const { norm: gradientNorm, gradient } = found;
        try {
          const bitsPerDim = mean(found.bitsPerDim);
          const bitsPerDimLevels = found.bitsPerDimLevels.map(mean);
          const applied =
            Number.isFinite(bitsPerDim) && Number.isFinite(gradientNorm) && gradientNorm <= normLimit;
          if (applied) {
            const factor = Math.min(1, clip / gradientNorm);
            const numbers = scales[optimizer]({ rate, factor, step: steps + 1, decay: ema });
            const inputs = { ...entriesOf(resident), ...prefixed('gradient/', gradient) };
            const { kept } = await explained(update.runKept({ ...inputs, ...scaleFeeds(numbers, averaged) }));
            replace(residentOf(kept, averaged));
            steps++;
          }
          return { bitsPerDim, bitsPerDimLevels, gradientNorm, applied };
        } finally {
          dispose(gradient);
        }
      }),
    evaluate: (batch) =>
      inTurn(async () => {
        checkBatch(glow.config, batch);
        return graphs.evaluate(resident.average ?? resident.parameters, batch);
      }),
    snapshot: () => inTurn(state),
    state: () => inTurn(state),
    restore: (saved) =>
      inTurn(async () => {
        const { trainable, optimizer: moments } = saved;
        const [m, v] = [flat(moments.m), flat(moments.v)];
        const [parameters, average] = [flat(trainable), flat(saved.ema ?? trainable)];
        replace(await place(upload, { parameters, m, v, average }));
        steps = saved.steps;
      }),
    dispose: () =>
      inTurn(async () => {
        for (const tensors of Object.values(resident)) dispose(tensors);
        await release();
        await graphs.dispose();
      }),
  };
}

const moving = ['parameters', 'm', 'v'] as const;
const all = [...moving, 'average'] as const;

function entriesOf(resident: Resident): OnDevice {
  return Object.assign({}, ...Object.entries(resident).map(([vector, of]) => prefixed(`${vector}/`, of)));
}

/** The outputs of an update. */
function residentOf(kept: OnDevice, averaged: boolean): Resident {
  const vector = (name: keyof Resident) => withoutPrefix(`next/${name}/`, kept);
  return {
    ...{ parameters: vector('parameters'), m: vector('m'), v: vector('v') },
    ...(averaged && { average: vector('average') }),
  };
}

function prefixed<T>(prefix: string, named: Named<T>): Record<string, T> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [prefix + name, value]));
}

/** Those whose name begins so, without it. */
function withoutPrefix<T>(prefix: string, named: Named<T>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}

function dispose(onDevice: OnDevice): void {
  for (const tensor of Object.values(onDevice)) tensor.dispose();
}
