import {
  bitsPerDimension,
  encode,
  type Float64Tensor,
  forwardWeights,
  type Glow,
  initialise,
  inverse,
  logAbsDet,
  type Named,
  tensor,
} from '@glow-onnx/flow';
import {
  encodeModel,
  type GraphSpec,
  gradient,
  graph,
  input,
  mul,
  reduceSum,
  scalar,
  type Value,
} from '@glow-onnx/graph';
import { type Device, type FloatTensor, type OpenSession, openSession } from '@glow-onnx/runtime/session';
import { createGraphOps, type HostDeterminant, imageOf, labelOf } from '../graph-ops.js';
import type { Batch, Differentiator } from './engine.js';
import { type Place, parameterLayout } from './parameters.js';

export interface OnnxRuntimeOptions {
  readonly device: Device | 'auto';
  readonly threads?: number;
  /** Images to expect at once: the graph for them opens now, the others when they come. */
  readonly count: number;
}

type Kind = 'initialise' | 'gradient' | 'evaluate';

/** A traced graph that is open, and what it takes besides parameters and images. */
interface OpenGraph {
  readonly session: OpenSession;
  readonly determinants: readonly HostDeterminant[];
}

/**
 * Gradients by ONNX Runtime: the model's log p(x) is traced once more, as a graph with parameters as inputs, and
 * that graph is differentiated. One graph for each number of images. `fixed`: the parameters that are not trained.
 * @throws DeviceError if the device is not there.
 */
export async function openOnnxRuntimeDifferentiator(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  { device: wanted, threads, count }: OnnxRuntimeOptions,
): Promise<Differentiator & Pick<OpenSession, 'device' | 'skipped'>> {
  const { places, size } = parameterLayout(glow);
  const { channels, height, width, bits, classes } = glow.config;
  const dimensions = channels * height * width;
  const gradients = new Float32Array(size);
  // onnxruntime-node takes no shared memory, which is where an engine keeps its parameters.
  const own = new Float32Array(size);
  const ownPlaces = placesIn(own, places);

  async function open(kind: Kind, images: number, on: Device | 'auto'): Promise<OpenGraph> {
    const { spec, determinants } = trace(glow, fixed, places, kind, images);
    const model = encodeModel(graph(spec), { producer: { name: '@glow-onnx/trainer', version: '' } });
    const session = await openSession({ model, device: on, ...(threads !== undefined && { threads }) });
    return { session, determinants };
  }
  const first = await open('gradient', count, wanted);
  const { device, skipped } = first.session;
  const graphs = new Map([[`gradient ${count}`, Promise.resolve(first)]]);

  function graphFor(kind: Kind, images: number): Promise<OpenGraph> {
    const key = `${kind} ${images}`;
    const opened = graphs.get(key) ?? open(kind, images, device);
    graphs.set(key, opened);
    return opened;
  }

  async function run(
    kind: Kind,
    parameters: Float32Array,
    batch: Batch,
    outputs: Readonly<Record<string, FloatTensor>>,
  ): Promise<void> {
    const { session, determinants } = await graphFor(kind, batch.count);
    own.set(parameters);
    const inputs: Record<string, FloatTensor> = {
      ...ownPlaces,
      x: { shape: [batch.count, height, width, channels], data: batch.x },
    };
    if (classes > 0 && batch.classes) inputs.label = oneHot(batch.classes, classes);
    for (const host of determinants) Object.assign(inputs, determinantOf(host, ownPlaces[host.parameter]));
    await session.run(inputs, outputs);
  }

  async function score(
    kind: Kind,
    parameters: Float32Array,
    batch: Batch,
    outputs: Readonly<Record<string, FloatTensor>>,
  ): Promise<Float64Array> {
    const nats = new Float32Array(batch.count);
    await run(kind, parameters, batch, { log_prob: { shape: [batch.count], data: nats }, ...outputs });
    return Float64Array.from(nats, (value) => bitsPerDimension(value, dimensions, bits));
  }

  return {
    device,
    skipped,
    description: `ONNX Runtime on ${device}`,
    async initialise(parameters, batch) {
      const values = new Float32Array(size);
      await run('initialise', parameters, batch, placesIn(values, places, 'initial/'));
      return values;
    },
    async gradient(parameters, batch) {
      const outputs = placesIn(gradients, places, 'gradient/');
      const bitsPerDim = await score('gradient', parameters, batch, outputs);
      return { bitsPerDim, gradient: gradients };
    },
    evaluate: (parameters, batch) => score('evaluate', parameters, batch, {}),
    async dispose() {
      const opened = await Promise.allSettled(graphs.values());
      for (const result of opened) if (result.status === 'fulfilled') await result.value.session.release();
    },
  };
}
function trace(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  places: readonly Place[],
  kind: Kind,
  count: number,
): { spec: GraphSpec; determinants: HostDeterminant[] } {
  const { channels, height, width, classes } = glow.config;
  const determinants: HostDeterminant[] = [];
  const ops = createGraphOps(determinants);
  const trainable = Object.fromEntries(
    places.map(({ name, shape }) => [name, input(name, 'float32', shape)]),
  );
  const x = input('x', 'float32', [count, height, width, channels]);
  const label = classes > 0 ? input('label', 'float32', [count, classes]) : undefined;
  const outputs: Record<string, Value> = {};
  if (kind === 'initialise') {
    const found = initialise(glow, ops, imageOf(x), { trainable, fixed });
    for (const { name } of places) outputs[`initial/${name}`] = found[name];
  } else {
    const weights = forwardWeights(glow, ops, { trainable, fixed });
    const { logProb } = encode(glow, ops, imageOf(x), weights, label && labelOf(label));
    outputs.log_prob = logProb;
    if (kind === 'gradient') {
      // The mean of bits/dim; its constant has no gradient.
      const loss = mul(reduceSum(logProb, [0]), scalar(-1 / (count * channels * height * width * Math.LN2)));
      for (const [i, value] of gradient(loss, Object.values(trainable)).entries()) {
        outputs[`gradient/${places[i].name}`] = value;
      }
    }
  }
  const hosted = determinants.flatMap(({ logAbsDet, inverseTranspose }) => [logAbsDet, inverseTranspose]);
  const inputs = [...Object.values(trainable), x, ...(label ? [label] : []), ...hosted];
  return { spec: { name: kind, inputs, outputs }, determinants };
}

/** Parameters where they lie in a flat vector. */
function placesIn(vector: Float32Array, places: readonly Place[], prefix = ''): Record<string, FloatTensor> {
  return Object.fromEntries(
    places.map(({ name, shape, from, to }) => [prefix + name, { shape, data: vector.subarray(from, to) }]),
  );
}

function oneHot(labels: Uint16Array, classes: number): FloatTensor {
  const data = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    data[i * classes + label] = 1;
  });
  return { shape: [labels.length, classes], data };
}

/** log|det W| and W⁻ᵀ by LU in float64. */
function determinantOf(host: HostDeterminant, { shape, data }: FloatTensor): Record<string, FloatTensor> {
  const n = shape[0];
  const w = tensor(shape, data);
  const inverted = inverse(w).data;
  const transposed = Float32Array.from(inverted, (_, at) => inverted[(at % n) * n + Math.floor(at / n)]);
  return {
    [host.logAbsDet.name as string]: { shape: [], data: Float32Array.of(logAbsDet(w)) },
    [host.inverseTranspose.name as string]: { shape, data: transposed },
  };
}
