import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import { encodeModel, graph } from '@glow-onnx/graph';
import { type DeviceTensor, openSession, type RuntimeOptions } from '@glow-onnx/runtime/session';
import { checkBatch } from './check-batch.js';
import type { Batch, Engine, EngineState, LearnSettings } from './engine.js';
import { scaleFeeds, updateGraph } from './graph-update.js';
import { scales } from './optimizer.js';
import { flatten, parameterLayout, tensorsOf, viewed } from './parameters.js';
import type { Scores } from './scores.js';
import { openTransfer } from './transfer.js';

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
 * and the gradient's norm. The state comes to the host when it is asked for.
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
  const update = await openSession({
    ...graphs.runtime,
    model: encodeModel(graph(spec), { producer: { name: '@glow-onnx/trainer', version: '' } }),
    device: 'webgpu',
    kept: Object.keys(spec.outputs),
  });
  const upload = await openTransfer('gpu', places, graphs.runtime);
  const download = await openTransfer('host', places, graphs.runtime);

  const explained = <T>(task: Promise<T>): Promise<T> =>
    task.catch((cause) => {
      throw graphs.explain(cause);
    });
  const place = async (vector: Float32Array): Promise<OnDevice> =>
    (await explained(upload.copy(tensorsOf(layout, vector)))).kept;
  const fetch = async (onDevice: OnDevice): Promise<Float32Array> => {
    const vector = new Float32Array(size);
    const { outputs } = await explained(download.copy(onDevice));
    for (const { name, from } of places) vector.set(outputs[name].data, from);
    return vector;
  };
  const zeros = (): Float32Array => new Float32Array(size);
  const placeAll = async (
    vectors: Readonly<Record<'parameters' | 'm' | 'v' | 'average', Float32Array>>,
  ): Promise<Resident> => ({
    parameters: await place(vectors.parameters),
    m: await place(vectors.m),
    v: await place(vectors.v),
    ...(averaged && { average: await place(vectors.average) }),
  });
  const flat = (named: Named<Float64Tensor>): Float32Array => {
    const vector = zeros();
    flatten(layout, named, vector);
    return vector;
  };

  const start = flat(initial);
  const release = async (): Promise<void> => {
    for (const session of [update, upload, download]) await session.release().catch(() => {}); // as of a lost GPU
  };
  let resident = await placeAll({ parameters: start, m: zeros(), v: zeros(), average: start }).catch(
    async (error) => {
      await release();
      throw error;
    },
  );
  let steps = 0;
  const replace = (next: Resident): void => {
    for (const tensors of Object.values(resident)) dispose(tensors);
    resident = next;
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

  return {
    description: `${graphs.description}, parameters kept there`,
    async initialise(batch) {
      checkBatch(glow.config, batch);
      const parameters = await graphs.initialise(await fetch(resident.parameters), batch);
      const [m, v] = [await fetch(resident.m), await fetch(resident.v)];
      replace(await placeAll({ parameters, m, v, average: parameters }));
    },
    async step(batch, rate, normLimit = Number.POSITIVE_INFINITY) {
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
    },
    async evaluate(batch) {
      checkBatch(glow.config, batch);
      return graphs.evaluate(resident.average ?? resident.parameters, batch);
    },
    snapshot: state,
    state,
    async restore(saved) {
      const { trainable, optimizer: moments } = saved;
      const next = await placeAll({
        parameters: flat(trainable),
        m: flat(moments.m),
        v: flat(moments.v),
        average: flat(saved.ema ?? trainable),
      });
      replace(next);
      steps = saved.steps;
    },
    async dispose() {
      for (const tensors of Object.values(resident)) dispose(tensors);
      await release();
      await graphs.dispose();
    },
  };
}

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

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
