import { createRandom, type Float64Tensor, float64Ops, tensor } from '@glow-onnx/flow';
import type { Padding } from '@glow-onnx/flow/internal';
import { constant, graph, input, named, symbol } from '@glow-onnx/graph';
import { createOnnxOps } from '../../../packages/exporter/src/build/onnx-ops.js';
import type { ImageValue } from '../../../packages/exporter/src/build/portable-conv.js';
import { isTransposed, transposedKernel } from '../../../packages/exporter/src/build/transposed-conv.js';
import { kernel3x3 } from '../../../packages/exporter/src/rebuild/kernels.js';
import type { StoredWeights } from '../../../packages/exporter/src/rebuild/stored-weights.js';
import { exported, runOn } from '../../support/exported-graphs.js';
import { relativeError } from '../../support/numeric.js';
import { randomTensor } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

/** Float32 rounding of a sum of 9·96 products. */
const FLOAT32 = 1e-6;

test.each([
  [[4, 64], 64 * 64, true],
  [[8, 32], 32 * 32, true],
  [[8, 31], 8 * 8, false], // too few inputs
  [[12, 48], 24 * 24, true],
  [[12, 128], 25 * 25, false], // too large
  [[13, 512], 4 * 4, false], // too many outputs
  [[6, 64], 4 * 4, false], // WebGPU would miscompute the derivative
  [[128, 6], 16 * 16, false],
])('a kernel %j at %i pixels is transposed: %j', (shape, pixels, expected) => {
  expect(isTransposed(shape, pixels)).toBe(expected);
});

test('12 outputs are transposed where the level of a training image is small', () => {
  const formAt = (side: number) => {
    const config = tinyConfig({ height: side, width: side, levels: 1, steps: 1, hiddenChannels: 48 });
    const { nodes } = exported(config, 95).encodeGraph;
    return nodes.find(({ inputs: [, weight] }) => weight?.includes('conv3.weight'))?.operator;
  };
  expect([formAt(48), formAt(64)]).toEqual(['ConvTranspose', 'Conv']);
});

test('the kernel of the transposed convolution has inputs before outputs, and each block from its end', () => {
  const block = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const kernel = tensor(
    [2, 3, 3, 3],
    [100, 200, 300, 400, 500, 600].flatMap((from) => block.map((tap) => from + tap)),
  );
  const { shape, data } = transposedKernel(kernel);
  expect(shape).toEqual([3, 2, 3, 3]);
  const flipped = [...block].reverse();
  expect([...data]).toEqual(
    [100, 400, 200, 500, 300, 600].flatMap((from) => flipped.map((tap) => from + tap)),
  );
  expect(transposedKernel(transposedKernel(kernel))).toEqual(kernel);
});

/** The 3×3 convolution of an exported graph: its operators with their kernels, and its numbers. */
async function convolution(outputs: number, inputs: number, padding: Padding) {
  const random = createRandom(91);
  const own = padding === 'border' ? inputs + 1 : inputs;
  const [x, kernel, bias] = [[2, inputs, 5, 7], [outputs, own, 3, 3], [outputs]].map((shape) =>
    randomTensor(shape, random, 1),
  );
  const image = input('x', 'float32', [symbol('batch'), inputs, symbol('height'), symbol('width')]);
  const weight: ImageValue = named(constant(kernel.shape, kernel.data), 'kernel');
  const y = createOnnxOps({ height: 5, width: 7 }).conv3x3(
    image,
    weight,
    constant(bias.shape, bias.data),
    padding,
  );
  const built = graph({ name: 'convolution', inputs: [image], outputs: { y } });
  const got = await runOn(built, { x });
  const expected = float64Ops.conv3x3(x, kernel, bias, padding);
  return {
    form: built.nodes.find(({ inputs: [, name] }) => /^kernel(\.transposed)?$/.test(name))?.operator,
    error: relativeError(got.y.data, expected.data),
  };
}

describe.each(['zeros', 'ones', 'border'] as const)('with padding %s', (padding) => {
  test.each([
    [4, 16, 'ConvTranspose'],
    [12, 96, 'ConvTranspose'],
    [5, 27, 'ConvTranspose'],
    [6, 27, 'Conv'],
    [1, 5, 'ConvTranspose'],
    [4, 12, 'Conv'],
    [24, 96, 'Conv'],
  ] as const)('%i outputs of %i inputs give the numbers of float64, as %s', async (outputs, inputs, form) => {
    const found = await convolution(outputs, inputs, padding);
    expect(found.form).toBe(form);
    expect(found.error).toBeLessThan(FLOAT32);
  });
});

test.each(['zeros', 'border'] as const)('a kernel comes back from either form, padding %s', (padding) => {
  const [outputs, inputs] = [12, 48];
  const kernel = randomTensor([outputs, padding === 'border' ? inputs + 1 : inputs, 3, 3], createRandom(94));
  const [inside, outside] = splitInputs(kernel, inputs);
  const stored = (named: Record<string, typeof kernel>): StoredWeights => ({
    has: (name) => name in named,
    take: (name, shape) => tensor(shape, named[name].data),
  });
  const border = padding === 'border' ? { 'k.outside': outside } : {};
  const shape = { outputs, inputs };
  const range = { of: inputs, from: 0 };
  for (const form of [{ k: inside }, { 'k.transposed': transposedKernel(inside) }]) {
    expect(kernel3x3(stored({ ...form, ...border }), 'k', shape, range, padding)).toEqual(kernel);
  }
});

describe('the graphs of a model', () => {
  const weightsOf = (precision: 'fp32' | 'int8-weights' | 'fp16') => {
    const { encodeGraph, decodeGraph } = exported(tinyConfig({ hiddenChannels: 48 }), 92, 0.05, precision);
    return [encodeGraph, decodeGraph].map(({ nodes }) =>
      nodes.flatMap(({ operator, inputs: [, weight] }) =>
        weight?.includes('steps.0.coupling.conv3') ? [`${operator} ${weight}`] : [],
      ),
    );
  };
  const [level0, level1] = [0, 1].map((level) => `levels.${level}.steps.0.coupling.conv3.weight`);

  test('choose the form level by level: 12 outputs of 48 are transposed, 24 are not', () => {
    const chosen = [`ConvTranspose ${level0}.transposed`, `Conv ${level1}`];
    const [encode, decode] = weightsOf('fp32').map((weights) => [...weights].sort());
    expect(encode).toEqual([...chosen].sort());
    expect(decode).toEqual([...chosen].sort());
  });

  test('scale the outputs of a transposed kernel that is stored in int8', () => {
    for (const weights of weightsOf('int8-weights')) {
      expect(weights).toContain(`Mul ${level0}.transposed.scale`);
      expect(weights).toContain(`ConvTranspose ${level0}.transposed`);
    }
  });

  test('keep the plain form in half precision', () => {
    for (const weights of weightsOf('fp16')) {
      expect(weights).toEqual(expect.arrayContaining([`Conv ${level0}`, `Conv ${level1}`]));
      expect(weights.join()).not.toContain('ConvTranspose');
    }
  });

  test.each(['ones', 'border'] as const)('compute the field outside images once a level: %s', (padding) => {
    const { encodeGraph, decodeGraph } = exported(tinyConfig({ padding, steps: 3 }), 93);
    for (const { nodes, constants } of [encodeGraph, decodeGraph]) {
      const shapes = new Map(constants.map(({ name, shape }) => [name, shape]));
      const fields = nodes.filter(
        ({ operator, inputs: [, weight] }) => operator === 'Conv' && shapes.get(weight)?.[0] === 1,
      );
      expect(fields).toHaveLength(2);
    }
  });
});

/** The kernel's inputs before `at`, and from there on. */
function splitInputs({ shape: [outputs, inputs, ...sides], data }: Float64Tensor, at: number) {
  const part = (from: number, to: number) =>
    tensor(
      [outputs, to - from, ...sides],
      data.filter((_, i) => Math.floor(i / 9) % inputs >= from && Math.floor(i / 9) % inputs < to),
    );
  return [part(0, at), part(at, inputs)];
}
