import { type Float64Tensor, type Glow, type Named, tensor } from '@glow-onnx/flow';
import { encodeModel, graph } from '@glow-onnx/graph';
import {
  type Device,
  type FloatTensor,
  type OpenSession,
  openSession,
  type RuntimeOptions,
} from '@glow-onnx/runtime/session';
import type { HostValues } from '../graph-ops.js';
import type { Batch, Differentiator } from './engine.js';
import { explainOpening, explainRun } from './explain-failure.js';
import { type Place, parameterLayout } from './parameters.js';
import { scoresOf } from './scores.js';
import {
  type GraphKind,
  levelOutput,
  type Memory,
  type TrainingGraph,
  trainingGraph,
} from './training-graph.js';

export interface OnnxRuntimeOptions extends Pick<RuntimeOptions, 'threads' | 'wasmPaths'> {
  readonly device: Device | 'auto';
  /** Images to expect at once: the graph for them opens now, the others when they come. */
  readonly count: number;
  /** Default full. */
  readonly memory?: Memory;
}

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
  const { places, size } = parameterLayout(glow);
  const { channels, height, width, levels, classes } = glow.config;
  const gradients = new Float32Array(size);

  async function open(kind: GraphKind, images: number, on: Device | 'auto'): Promise<OpenGraph> {
    const { spec, host } = trainingGraph(glow, fixed, places, { kind, count: images, memory });
    const built = graph(spec);
    const model = encodeModel(built, { producer: { name: '@glow-onnx/trainer', version: '' } });
    try {
      const session = await openSession({ ...runtime, model, device: on, memoryPattern: false });
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

  async function run(
    kind: GraphKind,
    parameters: Float32Array,
    batch: Batch,
    outputs: Readonly<Record<string, Float32Array>>,
  ): Promise<void> {
    const { session, host, shapes } = await graphFor(kind, batch.count);
    const values = partsOf(parameters, places);
    const fed = Object.fromEntries(
      places.map(({ name, shape }) => [name, { shape, data: values[name] as Float32Array }]),
    );
    const inputs: Record<string, FloatTensor> = {
      ...fed,
      x: { shape: [batch.count, height, width, channels], data: batch.x },
    };
    if (classes > 0 && batch.classes) inputs.label = oneHot(batch.classes, classes);
    if (host.length > 0) Object.assign(inputs, computed(host, fed));
    try {
      const into = Object.entries(outputs).map(([name, data]) => {
        return [name, { shape: shapes[name], data }];
      });
      await session.run(inputs, Object.fromEntries(into));
    } catch (cause) {
      throw explainRun(cause, { kind, device, count: batch.count, memory });
    }
  }

  return {
    device,
    skipped,
    description: `ONNX Runtime on ${device}${memory === 'reversible' ? ', activations recomputed' : ''}`,
    async initialise(parameters, batch) {
      const values = new Float32Array(size);
      await run('initialise', parameters, batch, partsOf(values, places, 'initial/'));
      await close(`initialise ${batch.count}`); // needed once
      return values;
    },
    async gradient(parameters, batch) {
      const nats = new Float32Array(batch.count);
      const byLevel = Array.from({ length: levels }, () => new Float32Array(batch.count));
      await run('gradient', parameters, batch, {
        log_prob: nats,
        ...Object.fromEntries(byLevel.map((level, l) => [levelOutput(l), level])),
        ...partsOf(gradients, places, 'gradient/'),
      });
      return { ...scoresOf(glow.config, nats, byLevel), gradient: gradients };
    },
    async evaluate(parameters, batch) {
      const nats = new Float32Array(batch.count);
      await run('evaluate', parameters, batch, { log_prob: nats });
      return scoresOf(glow.config, nats, []).bitsPerDim;
    },
    async dispose() {
      for (const key of [...graphs.keys()]) await close(key);
    },
  };
}

/** Each parameter's part of a flat vector. */
function partsOf(vector: Float32Array, places: readonly Place[], prefix = ''): Record<string, Float32Array> {
  return Object.fromEntries(places.map(({ name, from, to }) => [prefix + name, vector.subarray(from, to)]));
}

function oneHot(labels: Uint16Array, classes: number): FloatTensor {
  const data = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    data[i * classes + label] = 1;
  });
  return { shape: [labels.length, classes], data };
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
