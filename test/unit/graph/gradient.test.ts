import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import {
  add,
  concat,
  constant,
  conv,
  div,
  encodeModel,
  exp,
  gemm,
  gradient,
  graph,
  input,
  log,
  mul,
  neg,
  pad,
  permute,
  reduceSum,
  relu,
  reshape,
  scalar,
  sigmoid,
  slice,
  sub,
  symbol,
  tanh,
  type Value,
} from '@glow-onnx/graph';
import {
  abs,
  backward,
  convTranspose,
  gather,
  softplus,
  unsqueeze,
  withAdjoint,
} from '@glow-onnx/graph/internal';
import { InferenceSession } from 'onnxruntime-node';
import { rules } from '../../../packages/graph/src/gradient-rules.js';
import { node } from '../../../packages/graph/src/value.js';
import { relativeError } from '../../support/numeric.js';
import { producer, runGraph } from '../../support/run-graph.js';
import { evaluate, type Numbers64 } from './evaluate.js';

interface Case {
  readonly operator: string;
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly apply: (...inputs: Value[]) => Value;
}

const matrix = [3, 4];
const elementwise = { Neg: neg, Exp: exp, Tanh: tanh, Sigmoid: sigmoid, Softplus: softplus, Relu: relu };
const cases: Case[] = [
  ...Object.entries(elementwise).map(([operator, apply]) => ({
    operator,
    name: '',
    shapes: [matrix],
    apply,
  })),
  { operator: 'Log', name: '', shapes: [matrix], apply: (x) => log(add(mul(x, x), scalar(1))) },
  ...Object.entries({ Add: add, Sub: sub, Mul: mul }).flatMap(([operator, apply]) => [
    { operator, name: 'of equal shapes', shapes: [matrix, matrix], apply },
    {
      operator,
      name: 'with a stretched second',
      shapes: [
        [2, 3, 4],
        [3, 1],
      ],
      apply,
    },
    { operator, name: 'with a stretched first', shapes: [[1, 4], matrix], apply },
    { operator, name: 'with a scalar', shapes: [matrix, []], apply },
  ]),
  { operator: 'Mul', name: 'with itself', shapes: [matrix], apply: (x) => mul(x, x) },
  { operator: 'ReduceSum', name: 'of all', shapes: [matrix], apply: (x) => reduceSum(x, [0, 1]) },
  { operator: 'ReduceSum', name: 'of two axes', shapes: [[2, 3, 4]], apply: (x) => reduceSum(x, [0, 2]) },
  {
    operator: 'ReduceSum',
    name: 'keeping it',
    shapes: [matrix],
    apply: (x) => reduceSum(x, [1], { keepDims: true }),
  },
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      operator: 'Gemm',
      name: `transposed ${transposeA} ${transposeB}, with bias`,
      shapes: [transposeA ? [4, 3] : [3, 4], transposeB ? [2, 4] : [4, 2], [3, 1]],
      apply: (a: Value, b: Value, bias: Value) => gemm(a, b, { transposeA, transposeB, bias }),
    })),
  ),
  { operator: 'Reshape', name: '', shapes: [matrix], apply: (x) => reshape(x, [2, 6]) },
  { operator: 'Transpose', name: '', shapes: [[2, 3, 4]], apply: (x) => permute(x, [2, 0, 1]) },
  {
    operator: 'Concat',
    name: '',
    shapes: [
      [2, 3],
      [1, 3],
    ],
    apply: (a, b) => concat([a, b], 0),
  },
  { operator: 'Slice', name: 'of one part', shapes: [matrix], apply: (x) => slice(x, 1, 1, 3) },
  {
    operator: 'Slice',
    name: 'of halves that meet again, crossed',
    shapes: [matrix],
    apply: (x) => mul(slice(x, 1, 0, 2), slice(x, 1, 2, 4)),
  },
  {
    operator: 'Slice',
    name: 'of parts that overlap',
    shapes: [matrix],
    apply: (x) => add(mul(slice(x, 1, 0, 3), slice(x, 1, 1, 4)), slice(x, 1, 1, 4)),
  },
  { operator: 'Abs', name: '', shapes: [matrix], apply: abs },
  { operator: 'Identity', name: '', shapes: [matrix], apply: (x) => node('Identity', [x], x.shape) },
  {
    operator: 'Cast',
    name: 'to half precision and back',
    shapes: [matrix],
    apply: (x) => mul(node('Cast', [x], x.shape, { to: 1 }), x),
  },
  { operator: 'Unsqueeze', name: '', shapes: [matrix], apply: (x) => unsqueeze(x, [1]) },
  ...[1, 3].map((side) => ({
    operator: 'Conv',
    name: `with a kernel of ${side}×${side}`,
    shapes: [[2, 3, 4, 5]],
    apply: (x: Value) => conv(x, kernel(4, 3, side), { bias: kernel(4), pads: around((side - 1) / 2) }),
  })),
  ...[3, 4].map((channels) => ({
    operator: 'Conv',
    name: `of ${channels} channels that halves`,
    shapes: [[2, channels, 4, 6]],
    apply: (x: Value) => conv(x, kernel(8, channels, 2), { strides: [2, 2] }),
  })),
  ...[3, 6, 9].map((channels) => ({
    operator: 'ConvTranspose',
    name: `to ${channels} channels that doubles`,
    shapes: [[2, 4, 2, 3]],
    apply: (x: Value) => convTranspose(x, kernel(4, channels, 2), { bias: kernel(channels) }),
  })),
  {
    operator: 'ConvTranspose',
    name: 'with a kernel of 3×3',
    shapes: [[2, 4, 2, 3]],
    apply: (x) => convTranspose(x, kernel(4, 6, 3), { strides: [1, 1], pads: around(1) }),
  },
  { operator: 'Pad', name: 'by a shift', shapes: [[2, 3, 4]], apply: (x) => pad(x, [0, 1, -1, 0, -1, 1]) },
];

function draw(shape: readonly number[], stream: number): Numbers64 {
  const random = createRandom(11, stream);
  return {
    shape,
    data: Float64Array.from({ length: shape.reduce((n, extent) => n * extent, 1) }, random.normal),
  };
}

/** A constant of normal numbers: a kernel, or a bias if `inputs` is left out. */
function kernel(outputs: number, inputs?: number, side = 1): Value {
  const { shape, data } = draw(inputs === undefined ? [outputs] : [outputs, inputs, side, side], 98);
  return constant(shape, data);
}

function around(padding: number): [number, number, number, number] {
  return [padding, padding, padding, padding];
}

/** Σ weights·y: a scalar that every element of y moves by another amount. */
function weighted(y: Value): Value {
  const weights = draw(y.shape as number[], 99);
  const fixed: Value = {
    dtype: 'float32',
    shape: weights.shape,
    source: { kind: 'constant', data: weights.data },
  };
  return reduceSum(
    mul(y, fixed),
    weights.shape.map((_, axis) => axis),
  );
}

/** Central differences of the float64 evaluation. Step 1e-5: error 1e-10 by curvature, 1e-11 by rounding. */
function differences(loss: Value, inputs: Record<string, Numbers64>, name: string): Float64Array {
  const at = inputs[name] as Numbers64;
  const step = 1e-5;
  return at.data.map((value, i) => {
    const [above, below] = [value + step, value - step].map((moved) => {
      const changed = { ...at, data: at.data.with(i, moved) };
      return evaluate(loss, { ...inputs, [name]: changed }).data[0] as number;
    }) as [number, number];
    return (above - below) / (2 * step);
  });
}

describe('gradient', () => {
  test('has a case here for every rule', () => {
    expect(new Set(cases.map(({ operator }) => operator))).toEqual(new Set(Object.keys(rules)));
  });

  test.each(cases)('of $operator $name, is that of finite differences, in ONNX Runtime too', async (of) => {
    const inputs = of.shapes.map((shape, i) => input(`x${i}`, 'float32', shape));
    const feeds = Object.fromEntries(of.shapes.map((shape, i) => [`x${i}`, draw(shape, i)]));
    const loss = weighted(of.apply(...inputs));
    const gradients = gradient(loss, inputs);
    const outputs = Object.fromEntries(gradients.map((value, i) => [`d${i}`, value]));
    const rounded = Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      { shape, data: [...data] },
    ]);
    const run = await runGraph(graph({ name: of.operator, inputs, outputs }), Object.fromEntries(rounded));
    for (const [i, value] of gradients.entries()) {
      const expected = differences(loss, feeds, `x${i}`);
      const exact = evaluate(value, feeds);
      expect(exact.shape).toEqual(of.shapes[i]);
      expect(relativeError(exact.data, expected)).toBeLessThan(1e-8);
      // Float32: some roundings of 6e-8 each.
      expect(relativeError(run[`d${i}`]?.data as readonly number[], expected)).toBeLessThan(1e-5);
    }
  });

  test('adds up the uses of a value, also of one that is a node', () => {
    const x = input('x', 'float32', [3]);
    const y = exp(x);
    const loss = reduceSum(add(mul(y, x), tanh(y)), [0]);
    const feeds = { x: draw([3], 1) };
    const [dx, dy] = gradient(loss, [x, y]) as [Value, Value];
    expect(relativeError(evaluate(dx, feeds).data, differences(loss, feeds, 'x'))).toBeLessThan(1e-8);
    const expected = feeds.x.data.map((v) => v + 1 - Math.tanh(Math.exp(v)) ** 2);
    expect(relativeError(evaluate(dy, feeds).data, expected)).toBeLessThan(1e-12);
  });

  test.each<readonly [string, (x: Value) => Value]>([
    ['what a sum stretches', (x) => reduceSum(exp(x), [1, 2, 3])],
    [
      'a sum of a part alone',
      (x) => reduceSum(slice(conv(x, kernel(4, 3, 3), { pads: around(1) }), 1, 1, 3), [1, 2, 3]),
    ],
    [
      'a sum behind a scale per channel',
      (x) => reduceSum(mul(conv(x, kernel(4, 3)), kernel(1, 4)), [1, 2, 3]),
    ],
    ['a sum behind a transposed convolution', (x) => reduceSum(convTranspose(x, kernel(3, 6, 2)), [1, 2, 3])],
    ['a sum of a concatenation', (x) => reduceSum(concat([x, tanh(x)], 1), [1, 2, 3])],
    ['no sum at all', (x) => mul(x, x)],
  ])('where shapes are not known, carries back %s', (_, apply) => {
    const size = [2, 3, 4, 6];
    const [free, known] = [[symbol('batch'), 3, symbol('height'), symbol('width')], size].map((shape) =>
      input('x', 'float32', shape),
    ) as [Value, Value];
    const feeds = { x: draw(size, 1) };
    const y = apply(free);
    const [dx] = backward([{ value: y, gradient: scalar(1) }], [free]);
    const total = evaluate(apply(known), feeds).shape.map((_, axis) => axis);
    const expected = differences(reduceSum(apply(known), total), feeds, 'x');
    const found = evaluate(dx as Value, feeds);
    expect(found.shape).toEqual(size);
    expect(relativeError(found.data, expected)).toBeLessThan(1e-8);
  });

  test.each([
    ['a product', (y: Value) => y],
    ['what follows a product', tanh],
  ])('where the batch is not known, carries %s back to the weight', (_, after) => {
    const [free, known] = [
      [symbol('batch'), 4],
      [5, 4],
    ].map((shape) => input('x', 'float32', shape)) as [Value, Value];
    const weight = input('w', 'float32', [4, 3]);
    const feeds = { x: draw([5, 4], 1), w: draw([4, 3], 2) };
    const loss = (x: Value) => reduceSum(after(gemm(x, weight)), [0, 1]);
    const [dw] = gradient(loss(free), [weight]);
    const found = evaluate(dw as Value, feeds);
    expect(found.shape).toEqual([4, 3]);
    expect(relativeError(found.data, differences(loss(known), feeds, 'w'))).toBeLessThan(1e-8);
  });

  test('turns the weight of a product once: ONNX Runtime does not join the transpose to the product', async () => {
    const [weight, x, dy] = [matrix, [4, 5], [3, 5]].map((shape, i) => input('wxd'[i], 'float32', shape));
    const [dx] = gradient(reduceSum(mul(gemm(weight, x), dy), [0, 1]), [x]);
    const folder = mkdtempSync(join(tmpdir(), 'glow-gradient-'));
    try {
      const optimizedModelFilePath = join(folder, 'optimised.onnx');
      const model = graph({ name: 'gradient', inputs: [weight, dy], outputs: { dx } });
      const bytes = encodeModel(model, { producer });
      await (await InferenceSession.create(bytes, { optimizedModelFilePath })).release();
      const optimised = readFileSync(optimizedModelFilePath, 'latin1'); // it names a node by what made it
      expect(optimised).toContain('Transpose');
      expect(optimised).not.toContain('TransposeFusion');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('takes the transpose that a linear map brings, and no rule of its operators', () => {
    const x = input('x', 'float32', [3]);
    const places = constant([2, 4], [0, 0, 1, 2, 2, 1, 1, 0], 'int64');
    const back = constant([3, 3], [0, 1, 7, 2, 5, 6, 3, 4, 8], 'int64'); // place 8 is the zero after dy
    const map = (v: Value) => reduceSum(gather(v, places), [0]);
    const y = withAdjoint(map(x), x, (dy) => {
      const twice = reshape(concat([dy, dy, constant([1], [0])], 0), [-1]);
      return reduceSum(gather(twice, back), [1]);
    });
    const loss = (of: Value) => reduceSum(mul(exp(of), scalar(2)), [0]);
    const feeds = { x: draw([3], 1) };
    const [dx] = gradient(loss(y), [x]) as [Value];
    expect(relativeError(evaluate(dx, feeds).data, differences(loss(y), feeds, 'x'))).toBeLessThan(1e-8);
    expect(() => gradient(loss(map(x)), [x])).toThrow('no rule for');
    const inside = (y.source as { inputs: readonly Value[] }).inputs[0] as Value;
    expect(() => gradient(loss(y), [inside])).toThrow('does not depend on');
    expect(() => withAdjoint(x, x, (dy) => dy)).toThrow('x [3] is not the result of an operator');
  });

  test('says what it cannot do', () => {
    const [x, other] = [input('x', 'float32', [2]), input('other', 'float32', [2])];
    const total = reduceSum(x, [0]);
    expect(() => gradient(x, [x])).toThrow('gradient: expected a scalar, got x [2]');
    expect(() => gradient(total, [other])).toThrow('does not depend on other [2]');
    expect(() => gradient(reduceSum(div(x, x), [0]), [x])).toThrow('no rule for Div [2]; add one for Div');
  });
});
