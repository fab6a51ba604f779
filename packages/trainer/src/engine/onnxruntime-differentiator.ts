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
import { type OpenSession, openSession } from '@glow-onnx/runtime/session';
import { Tensor } from 'onnxruntime-common';
import { createGraphOps, type HostDeterminant, imageOf, labelOf } from '../graph-ops.js';
import type { Batch, Differentiator } from './engine.js';
import { type Place, parameterLayout } from './parameters.js';

/** A traced graph that is open: what it takes besides parameters and images. */
interface OpenGraph {
  readonly session: OpenSession;
  readonly determinants: readonly HostDeterminant[];
}

type Kind = 'initialise' | 'gradient' | 'evaluate';

/**
 * Gradients by ONNX Runtime: the model's log p(x) traced as one graph with parameters as inputs, and differentiated
 * there. A graph is for one number of images; each is made when first needed.
 */
export function createOnnxRuntimeDifferentiator(glow: Glow, fixed: Named<Float64Tensor>): Differentiator {
  const { places, size } = parameterLayout(glow);
  const { channels, height, width, bits, classes } = glow.config;
  const dimensions = channels * height * width;
  const gradients = new Float32Array(size);
  // onnxruntime-node takes no shared memory, which is what engines keep parameters in.
  const own = new Float32Array(size);
  const graphs = new Map<string, Promise<OpenGraph>>();
  const placed = (parameter: string) => places.find(({ name }) => name === parameter) as Place;

  function trace(kind: Kind, count: number): { spec: GraphSpec; determinants: HostDeterminant[] } {
    const determinants: HostDeterminant[] = [];
    const ops = createGraphOps(determinants);
    const parameters = Object.fromEntries(
      places.map(({ name, shape }) => [name, input(name, 'float32', shape)]),
    );
    const x = input('x', 'float32', [count, height, width, channels]);
    const label = classes > 0 ? input('label', 'float32', [count, classes]) : undefined;
    const params = { trainable: parameters, fixed };
    const outputs: Record<string, Value> = {};
    if (kind === 'initialise') {
      const found = initialise(glow, ops, imageOf(x), params);
      for (const { name } of places) outputs[`initial/${name}`] = found[name];
    } else {
      const weights = forwardWeights(glow, ops, params);
      const { logProb } = encode(glow, ops, imageOf(x), weights, label && labelOf(label));
      outputs.log_prob = logProb;
      if (kind === 'gradient') {
        const loss = mul(reduceSum(logProb, [0]), scalar(-1 / (count * dimensions * Math.LN2)));
        gradient(loss, Object.values(parameters)).forEach((value, i) => {
          outputs[`gradient/${places[i].name}`] = value;
        });
      }
    }
    const hosted = determinants.flatMap(({ logAbsDet, inverseTranspose }) => [logAbsDet, inverseTranspose]);
    const inputs = [...Object.values(parameters), x, ...(label ? [label] : []), ...hosted];
    return { spec: { name: kind, inputs, outputs }, determinants };
  }

  async function open(kind: Kind, count: number): Promise<OpenGraph> {
    const { spec, determinants } = trace(kind, count);
    const model = encodeModel(graph(spec), { producer: { name: '@glow-onnx/trainer', version: '' } });
    return { session: await openSession({ model, device: 'cpu' }), determinants };
  }

  async function run(
    kind: Kind,
    parameters: Float32Array,
    batch: Batch,
    outputs?: { readonly prefix: string; readonly into: Float32Array },
  ): Promise<Float64Array> {
    const key = `${kind}/${batch.count}`;
    const opening = graphs.get(key) ?? open(kind, batch.count);
    graphs.set(key, opening);
    const { session, determinants } = await opening;
    const feeds: Record<string, Tensor> = {
      x: new Tensor('float32', batch.x, [batch.count, height, width, channels]),
      ...(classes > 0 && batch.classes && { label: oneHot(batch.classes, classes) }),
    };
    own.set(parameters);
    for (const place of places) feeds[place.name] = view(own, place);
    for (const host of determinants) Object.assign(feeds, feedsOf(host, placed(host.parameter), own));
    const fetches: Record<string, Tensor | null> = kind === 'initialise' ? {} : { log_prob: null };
    if (outputs)
      for (const place of places) fetches[`${outputs.prefix}/${place.name}`] = view(outputs.into, place);
    const found = await session.session.run(feeds, fetches);
    const nats = (found.log_prob?.data ?? new Float32Array()) as Float32Array;
    return Float64Array.from(nats, (value) => bitsPerDimension(value, dimensions, bits));
  }

  return {
    description: 'ONNX Runtime on cpu',
    async initialise(parameters, batch) {
      const values = new Float32Array(size);
      await run('initialise', parameters, batch, { prefix: 'initial', into: values });
      return values;
    },
    async gradient(parameters, batch) {
      const bitsPerDim = await run('gradient', parameters, batch, { prefix: 'gradient', into: gradients });
      return { bitsPerDim, gradient: gradients };
    },
    evaluate: (parameters, batch) => run('evaluate', parameters, batch),
    async dispose() {
      const opened = await Promise.allSettled(graphs.values());
      for (const result of opened) if (result.status === 'fulfilled') await result.value.session.release();
    },
  };
}

function oneHot(labels: Uint16Array, classes: number): Tensor {
  const values = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    values[i * classes + label] = 1;
  });
  return new Tensor('float32', values, [labels.length, classes]);
}

/** A parameter where it lies in the flat vector. */
function view(vector: Float32Array, { shape, from, to }: Place): Tensor {
  return new Tensor('float32', vector.subarray(from, to), [...shape]);
}

/** log|det W| and W⁻ᵀ of a parameter, by LU in float64. */
function feedsOf(
  host: HostDeterminant,
  { shape, from, to }: Place,
  parameters: Float32Array,
): Record<string, Tensor> {
  const n = shape[0];
  const w = tensor(shape, parameters.subarray(from, to));
  const { data } = inverse(w);
  const transposed = Float32Array.from(data, (_, at) => data[(at % n) * n + Math.floor(at / n)]);
  return {
    [host.logAbsDet.name as string]: new Tensor('float32', Float32Array.of(logAbsDet(w)), []),
    [host.inverseTranspose.name as string]: new Tensor('float32', transposed, [...shape]),
  };
}
