import {
  createRandom,
  decode,
  encode,
  type Float64Tensor,
  float64Ops,
  type Named,
  tensor,
} from '@glow-onnx/flow';
import { latentShapes, type Precision } from '@glow-onnx/flow/internal';
import { encodeModel, type Graph } from '@glow-onnx/graph';
import { gradientGraph } from '../../../packages/runtime/src/gradients/gradient-graphs.js';
import { checkGraph } from '../../../packages/runtime/src/graphs/check-graph.js';
import type { FloatTensor } from '../../../packages/runtime/src/sessions/tensor.js';
import { byName, exported } from '../../support/exported-graphs.js';
import { relativeError } from '../../support/numeric.js';
import { createOracle, type Oracle } from '../../support/oracle.js';
import { labelsFor, randomTensor } from '../../support/random-params.js';
import { producer, runModel } from '../../support/run-graph.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { variants } from '../../support/variants.js';

/** Float32 rounding, once forwards and once backwards; the differences in float64 are exact to 1e-8. */
const TOLERANCE = 1e-4;
/** So small that it crosses no kink of a ReLU: 1e-5 crosses one in these models, 1e-4 many. */
const STEP = 1e-6;
const directions = 4;

const withGradient = (kind: 'encode' | 'decode', graph: Graph) =>
  gradientGraph(kind, { model: encodeModel(graph, { producer }) });

const moved = (x: Float64Tensor, by: Float64Tensor, step: number) =>
  tensor(
    x.shape,
    x.data.map((value, i) => value + step * (by.data[i] as number)),
  );

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0);

/** Part n of a batch of two. */
const part = <Data extends Float32Array | Float64Array>({ data }: { readonly data: Data }, n: number) =>
  data.subarray((n * data.length) / 2, ((n + 1) * data.length) / 2);

function inputsOf({ channels, height, width, classes, ...config }: (typeof variants)[number]['config']) {
  const label = labelsFor(classes, 2);
  const x = randomTensor([2, channels, height, width], createRandom(22), 0.3);
  const shapes = latentShapes({ channels, ...config } as never, 2, height, width);
  const latents = shapes.map((shape, level) => randomTensor(shape, createRandom(23, level), 0.5));
  return { x, latents, label, labelled: (label ? { label } : {}) as Named<Float64Tensor> };
}

/** ∂ log p(x)/∂x in random directions, against central differences of the float64 interpreter. */
async function checkEncode(model: Uint8Array, config: (typeof variants)[number]['config'], oracle: Oracle) {
  const { x, label, labelled } = inputsOf(config);
  const found = await runModel(model, { x, ...labelled });
  const exact = oracle.encode(x, label);
  expect(relativeError(found.log_prob?.data ?? [], exact.logProb.data)).toBeLessThan(TOLERANCE);
  for (const [level, z] of exact.latents.entries()) {
    expect(relativeError(found[`z${level}`]?.data ?? [], z.data)).toBeLessThan(TOLERANCE);
  }
  const gradient = found.gradient as FloatTensor;
  expect(gradient.shape).toEqual(x.shape);
  const [got, expected]: [number[], number[]] = [[], []];
  for (let d = 0; d < directions; d++) {
    const along = randomTensor(x.shape, createRandom(24, d), 1);
    const [above, below] = [STEP, -STEP].map(
      (step) => oracle.encode(moved(x, along, step), label).logProb.data,
    );
    for (const n of [0, 1]) {
      got.push(dot(part(gradient, n), part(along, n)));
      expected.push(((above?.[n] as number) - (below?.[n] as number)) / (2 * STEP));
    }
  }
  expect(relativeError(got, expected)).toBeLessThan(TOLERANCE);
}

/** Jᵀ·(weight·(x − target) + cotangent) in random directions, against central differences. */
async function checkDecode(model: Uint8Array, config: (typeof variants)[number]['config'], oracle: Oracle) {
  const { x: like, latents, label, labelled } = inputsOf(config);
  const [target, cotangent] = [25, 26].map((seed) => randomTensor(like.shape, createRandom(seed), 0.3)) as [
    Float64Tensor,
    Float64Tensor,
  ];
  const weight = tensor(
    like.shape,
    like.data.map((_, i) => i % 3),
  );
  const found = await runModel(model, { ...byName(latents), ...labelled, target, weight, cotangent });
  const x = oracle.decode(latents, label);
  expect(relativeError(found.x?.data ?? [], x.data)).toBeLessThan(TOLERANCE);
  const loss = (at: readonly Float64Tensor[], withCotangent: boolean) => {
    const decoded = oracle.decode(at, label);
    return [0, 1].map((n) => {
      const [own, wanted, w] = [decoded, target, weight].map((t) => part(t, n)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const misfit = own.reduce(
        (sum, value, i) => sum + 0.5 * (w[i] as number) * (value - (wanted[i] as number)) ** 2,
        0,
      );
      return misfit + (withCotangent ? dot(own, part(cotangent, n)) : 0);
    });
  };
  expect(relativeError(found.misfit?.data ?? [], loss(latents, false))).toBeLessThan(TOLERANCE);
  const [got, expected]: [number[], number[]] = [[], []];
  for (let d = 0; d < directions; d++) {
    const along = latents.map((z, level) => randomTensor(z.shape, createRandom(27 + d, level), 1));
    const [above, below] = [STEP, -STEP].map((step) =>
      loss(
        latents.map((z, level) => moved(z, along[level] as Float64Tensor, step)),
        true,
      ),
    );
    for (const n of [0, 1]) {
      got.push(
        latents.reduce(
          (sum, _, level) =>
            sum + dot(part(found[`dz${level}`] as FloatTensor, n), part(along[level] as Float64Tensor, n)),
          0,
        ),
      );
      expected.push(((above?.[n] as number) - (below?.[n] as number)) / (2 * STEP));
    }
  }
  expect(relativeError(got, expected)).toBeLessThan(TOLERANCE);
}

describe.each(variants)('$name', ({ config }) => {
  const { encodeGraph, decodeGraph } = exported(config, 21);
  const oracle = createOracle(config, 21);

  test('the encode graph has the gradient of log p', () =>
    checkEncode(withGradient('encode', encodeGraph), config, oracle));

  test('the decode graph has the transposed Jacobian of decode', () =>
    checkDecode(withGradient('decode', decodeGraph), config, oracle));
});

describe.each(variants)('$name, held to the format', ({ config }) => {
  const { encodeGraph, decodeGraph } = exported(config, 21);

  test.each([
    ['encode', encodeGraph],
    ['decode', decodeGraph],
  ] as const)('the %s graph with its derivative is one of its kind, and no model graph', (kind, plain) => {
    const model = withGradient(kind, plain);
    const claims = { config, precision: 'fp32' } as const;
    const { signature, bytesPerPixel } = checkGraph(model, { ...claims, kind: `${kind}-gradient` }, 'here');
    expect(Object.keys(signature.outputs)).toContain(kind === 'encode' ? 'gradient' : 'dz0');
    const without = checkGraph(encodeModel(plain, { producer }), { ...claims, kind }, 'here');
    expect(bytesPerPixel).toBeGreaterThan(without.bytesPerPixel);
    expect(() => checkGraph(model, { ...claims, kind }, 'here')).toThrow('here is not a graph of this model');
  });
});

describe.each(['fp16-weights', 'int8-weights'] as const satisfies readonly Precision[])(
  'with %s',
  (precision) => {
    test.each([
      ...variants,
      // 6 outputs of 24 inputs: the derivative of a transposed convolution would have to be wider than its kernel
      { name: 'thin convolutions', config: tinyConfig({ coupling: 'additive', hiddenChannels: 24 }) },
    ])('$name: both gradients are those of the rounded weights', async ({ config }) => {
      const model = exported(config, 21, undefined, precision);
      const oracle = rounded(model);
      await checkEncode(withGradient('encode', model.encodeGraph), config, oracle);
      await checkDecode(withGradient('decode', model.decodeGraph), config, oracle);
    });
  },
);

/** The float64 interpreter on the weights that a precision stores. */
function rounded({ glow, forward, inverse }: ReturnType<typeof exported>): Oracle {
  return {
    encode: (x, label) => encode(glow, float64Ops, x, forward, label),
    decode: (latents, label) => decode(glow, float64Ops, latents, inverse, label),
  };
}
