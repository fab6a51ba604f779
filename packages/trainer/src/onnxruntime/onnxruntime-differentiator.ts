import { type Float64Tensor, type Glow, type Named, tensor } from '@glow-onnx/flow';
import { encodeModel, graph } from '@glow-onnx/graph';
import { oneHot } from '@glow-onnx/runtime/internal';
import {
  type Device,
  type DeviceTensor,
  type FloatTensor,
  type OpenSession,
  openSession,
  type RuntimeOptions,
} from '@glow-onnx/runtime/session';
import type { Batch, Differentiator } from '../engine/contract.js';
import { type Place, parameterLayout, tensorsOf } from '../engine/parameters.js';
import { scoresOf } from '../engine/scores.js';
import { explainOpening, explainRun, explainUpdate } from './explain-failure.js';
import { openResidentEngine } from './gpu-learner.js';
import type { HostValues } from './graph-ops.js';
import {
  type GraphKind,
  levelOutput,
  type Memory,
  type TrainingGraph,
  trainingGraph,
} from './training-graph.js';
import { openTransfer, type Transfer } from './transfer.js';

export interface OnnxRuntimeOptions extends Pick<RuntimeOptions, 'threads' | 'wasmPaths'> {
  readonly device: Device | 'auto';
  /** Images to expect at once: the graph for them opens now, the others when they come. */
  readonly count: number;
  /** Default full. */
  readonly memory?: Memory;
}

/** A graph that is open. */
interface OpenGraph extends Pick<TrainingGraph, 'host'> {
  readonly session: OpenSession;
  /** Of the outputs, by their names. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/**
 * Gradients by ONNX Runtime: the model's log p(x) is traced once more, as a graph with parameters as inputs, and
 * that graph is differentiated. One graph for each number of images. `fixed`: the parameters that are not trained.
 * @throws DeviceError if the device is not there; Error, here or in a call, for want of memory, a kernel or a GPU that
 * was lost, saying what to do.
 */
export async function openOnnxRuntimeDifferentiator(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  { device: wanted, count, memory = 'full', ...runtime }: OnnxRuntimeOptions,
): Promise<Differentiator & Pick<OpenSession, 'device' | 'skipped'>> {
  const layout = parameterLayout(glow);
  const { places, size } = layout;
  const { channels, height, width, levels, classes } = glow.config;
  let gradients: Float32Array | undefined;

  async function open(kind: GraphKind, images: number, on: Device | 'auto'): Promise<OpenGraph> {
    const { spec, host } = trainingGraph(glow, fixed, places, { kind, count: images, memory });
    const built = graph(spec);
    const model = encodeModel(built, { producer: { name: '@glow-onnx/trainer', version: '' } });
    const kept = kind === 'resident gradient' ? places.map(({ name }) => `gradient/${name}`) : [];
    try {
      const session = await openSession({ ...runtime, model, device: on, kept, memoryPattern: false });
      const outputs = Object.entries(spec.outputs).map(([name, { shape }]) => [name, shape]);
      return { session, host, shapes: Object.fromEntries(outputs) };
    } catch (cause) {
      throw await explainOpening(cause, built, { kind, device: on, count: images, memory });
    }
  }
  const first = await open('gradient', count, wanted);
  const { device, skipped } = first.session;
  const graphs = new Map([[`gradient ${count}`, Promise.resolve(first)]]);

  function graphFor(kind: GraphKind, images: number): Promise<OpenGraph> {
    const key = `${kind} ${images}`;
    const opened = graphs.get(key) ?? open(kind, images, device);
    graphs.set(key, opened);
    return opened;
  }

  async function close(key: string): Promise<void> {
    const opened = await graphs.get(key)?.catch(() => undefined);
    graphs.delete(key);
    await opened?.session.release().catch(() => {}); // of a lost GPU there is nothing to free
  }

  let reading: Promise<Transfer> | undefined;
  /** Parameters that the host computes from; of those on the device no others come here. */
  async function onHost(parameters: Named<FloatTensor | DeviceTensor>): Promise<Named<FloatTensor>> {
    if (Object.values(parameters).every((value): value is FloatTensor => 'data' in value)) {
      return parameters as Named<FloatTensor>;
    }
    const needed = new Set(first.host.flatMap(({ needs }) => needs));
    const places = layout.places.filter(({ name }) => needed.has(name));
    reading ??= openTransfer('host', places, runtime).catch((error) => {
      reading = undefined;
      throw error;
    });
    return (await (await reading).copy(parameters)).outputs;
  }

  /** Runs a graph on a batch, by what `compute` calls. */
  async function run<T>(
    kind: GraphKind,
    parameters: Named<FloatTensor | DeviceTensor>,
    batch: Batch,
    compute: (graph: OpenGraph, inputs: Record<string, FloatTensor | DeviceTensor>) => Promise<T>,
  ): Promise<T> {
    const opened = await graphFor(kind, batch.count);
    const inputs: Record<string, FloatTensor | DeviceTensor> = {
      ...parameters,
      x: { shape: [batch.count, height, width, channels], data: batch.x },
    };
    if (classes > 0 && batch.classes) {
      inputs.label = { shape: [batch.count, classes], data: oneHot(batch.classes, classes) };
    }
    try {
      if (opened.host.length > 0) Object.assign(inputs, computed(opened.host, await onHost(parameters)));
      return await compute(opened, inputs);
    } catch (cause) {
      throw explainRun(cause, { kind, device, count: batch.count, memory });
    }
  }

  function runInto(
    kind: GraphKind,
    parameters: Float32Array,
    batch: Batch,
    outputs: Readonly<Record<string, Float32Array>>,
  ): Promise<unknown> {
    return run(kind, tensorsOf(layout, parameters), batch, ({ session, shapes }, inputs) => {
      const into = Object.entries(outputs).map(([name, data]) => [name, { shape: shapes[name], data }]);
      return session.run(inputs as Named<FloatTensor>, Object.fromEntries(into));
    });
  }

  const levelNames = Array.from({ length: levels }, (_, l) => levelOutput(l));
  const differentiator: Differentiator = {
    description: `ONNX Runtime on ${device}${memory === 'reversible' ? ', activations recomputed' : ''}`,
    async initialise(parameters, batch) {
      const values = new Float32Array(size);
      await runInto('initialise', parameters, batch, partsOf(values, places, 'initial/'));
      await close(`initialise ${batch.count}`); // needed once
      return values;
    },
    async gradient(parameters, batch) {
      gradients ??= new Float32Array(size);
      const nats = new Float32Array(batch.count);
      const byLevel = levelNames.map((name): [string, Float32Array] => [name, new Float32Array(batch.count)]);
      await runInto('gradient', parameters, batch, {
        log_prob: nats,
        ...Object.fromEntries(byLevel),
        ...partsOf(gradients, places, 'gradient/'),
      });
      const scores = scoresOf(
        glow.config,
        nats,
        byLevel.map(([, level]) => level),
      );
      return { ...scores, gradient: gradients };
    },
    async evaluate(parameters, batch) {
      const nats = new Float32Array(batch.count);
      await runInto('evaluate', parameters, batch, { log_prob: nats });
      return scoresOf(glow.config, nats, []).bitsPerDim;
    },
    async dispose() {
      for (const key of [...graphs.keys()]) await close(key);
    },
  };
  if (device !== 'webgpu') return { ...differentiator, device, skipped };
  return {
    ...differentiator,
    device,
    skipped,
    async residentEngine(initial, settings) {
      const engine = await openResidentEngine(glow, initial, settings, {
        ...{ description: differentiator.description, runtime },
        explain: (cause) => explainUpdate(cause, device),
        initialise: differentiator.initialise,
        async gradient(parameters, batch) {
          const { outputs, kept } = await run('resident gradient', parameters, batch, ({ session }, inputs) =>
            session.runKept(inputs),
          );
          const byLevel = levelNames.map((name) => outputs[name].data);
          return {
            ...scoresOf(glow.config, outputs.log_prob.data, byLevel),
            norm: Math.sqrt(outputs.squares.data[0]),
            gradient: Object.fromEntries(places.map(({ name }) => [name, kept[`gradient/${name}`]])),
          };
        },
        async evaluate(parameters, batch) {
          const { outputs } = await run('evaluate', parameters, batch, ({ session }, inputs) =>
            session.runKept(inputs),
          );
          return scoresOf(glow.config, outputs.log_prob.data, []).bitsPerDim;
        },
        async dispose() {
          await (await reading?.catch(() => undefined))?.release().catch(() => {});
          await differentiator.dispose();
        },
      });
      await graphFor('resident gradient', count).catch(async (error) => {
        await engine.dispose();
        throw error;
      });
      await close(`gradient ${count}`); // not before: with its last session, WebGPU's device goes
      return engine;
    },
  };
}

/** Each parameter's part of a flat vector. */
function partsOf(vector: Float32Array, places: readonly Place[], prefix = ''): Record<string, Float32Array> {
  return Object.fromEntries(places.map(({ name, from, to }) => [prefix + name, vector.subarray(from, to)]));
}

/** What the host computes from parameters, by the names of the graph's inputs. */
function computed(
  host: readonly HostValues[],
  parameters: Readonly<Record<string, FloatTensor>>,
): Record<string, FloatTensor> {
  const parameter = (name: string) => tensor(parameters[name].shape, parameters[name].data);
  return Object.fromEntries(
    host.flatMap(({ inputs, compute }) => {
      const values = compute(parameter);
      return Object.entries(inputs).map(([key, { name }]) => {
        const { shape, data } = values[key];
        return [name as string, { shape, data: Float32Array.from(data) }];
      });
    }),
  );
}
