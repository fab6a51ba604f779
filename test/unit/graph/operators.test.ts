import {
  add,
  concat,
  constant,
  conv,
  exp,
  graph,
  input,
  log,
  mul,
  neg,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  scalar,
  sigmoid,
  slice,
  sqrt,
  sub,
  symbol,
  tanh,
  type Value,
} from '@glow-onnx/graph';
import {
  abs,
  convTranspose,
  formatShape,
  gather,
  hardSigmoid,
  isConstant,
  matmul,
  max,
  unsqueeze,
} from '@glow-onnx/graph/internal';
import { type Numbers, runGraph } from '../../support/run-graph.js';

/** Expected numbers are worked out by hand, or by one call of Math; float32 rounds to 6e-8 of the value. */
const FLOAT32_TOLERANCE = 1e-6;

interface Case {
  readonly name: string;
  readonly x: Numbers;
  readonly apply: (x: Value) => Value;
  readonly y: Numbers;
}

const row = (...data: number[]): Numbers => ({ shape: [data.length], data });
const image: Numbers = { shape: [1, 1, 2, 3], data: [1, 2, 3, 4, 5, 6] };
const twoChannels: Numbers = { shape: [1, 2, 1, 2], data: [1, 2, 10, 20] };

const cases: Case[] = [
  { name: 'Neg', x: row(1, -2), apply: neg, y: row(-1, 2) },
  { name: 'Abs', x: row(1, -2), apply: abs, y: row(1, 2) },
  { name: 'Exp', x: row(0, 1), apply: exp, y: row(1, Math.E) },
  { name: 'Log', x: row(1, Math.E), apply: log, y: row(0, 1) },
  { name: 'Sqrt', x: row(4, 2), apply: sqrt, y: row(2, Math.SQRT2) },
  { name: 'Tanh', x: row(0, 0.5), apply: tanh, y: row(0, 0.46211715726) },
  { name: 'Sigmoid', x: row(0, Math.log(3)), apply: sigmoid, y: row(0.5, 0.75) },
  {
    name: 'Gather',
    x: { shape: [2, 2], data: [1, 2, 10, 20] },
    apply: (x) => gather(x, constant([3, 1], [1, 0, 1], 'int64')),
    y: { shape: [3, 1, 2], data: [10, 20, 1, 2, 10, 20] },
  },
  { name: 'Relu', x: row(-3, 3), apply: relu, y: row(0, 3) },
  {
    name: 'HardSigmoid',
    x: row(-1, 0.5, 3),
    apply: (x) => hardSigmoid(x, 0.25, 0.5),
    y: row(0.25, 0.625, 1),
  },
  { name: 'Add', x: row(1, 2), apply: (x) => add(x, constant([2], [10, 20])), y: row(11, 22) },
  { name: 'Sub, first stretched', x: row(1, 2), apply: (x) => sub(scalar(10), x), y: row(9, 8) },
  { name: 'Max', x: row(1, 20), apply: (x) => max(x, scalar(7)), y: row(7, 20) },
  {
    name: 'Mul, both stretched',
    x: row(1, 2),
    apply: (x) => mul(x, constant([2, 1], [3, 4])),
    y: { shape: [2, 2], data: [3, 6, 4, 8] },
  },
  {
    name: 'MatMul',
    x: { shape: [2, 2], data: [1, 2, 3, 4] },
    apply: (x) => matmul(x, constant([2, 1], [10, 1])),
    y: { shape: [2, 1], data: [12, 34] },
  },
  {
    name: 'Conv 2×2 of stride 2, weights 1 10 100 1000',
    x: { shape: [1, 1, 2, 2], data: [1, 2, 3, 4] },
    apply: (x) =>
      conv(x, constant([1, 1, 2, 2], [1, 10, 100, 1000]), { bias: constant([1], [0.5]), strides: [2, 2] }),
    y: { shape: [1, 1, 1, 1], data: [4321.5] },
  },
  {
    name: 'Conv 3×3 padded, a cross-correlation: the pixel to the right',
    x: image,
    apply: (x) => conv(x, constant([1, 1, 3, 3], [0, 0, 0, 0, 0, 1, 0, 0, 0]), { pads: [1, 1, 1, 1] }),
    y: { shape: [1, 1, 2, 3], data: [2, 3, 0, 5, 6, 0] },
  },
  {
    name: 'Conv 1×1, output channel = c1 − c0',
    x: twoChannels,
    apply: (x) => conv(x, constant([1, 2, 1, 1], [-1, 1])),
    y: { shape: [1, 1, 1, 2], data: [9, 18] },
  },
  {
    name: 'ConvTranspose 2×2: each pixel a block',
    x: { shape: [1, 1, 1, 2], data: [1, 2] },
    apply: (x) =>
      convTranspose(x, constant([1, 1, 2, 2], [1, 10, 100, 1000]), { bias: constant([1], [0.5]) }),
    y: { shape: [1, 1, 2, 4], data: [1.5, 10.5, 2.5, 20.5, 100.5, 1000.5, 200.5, 2000.5] },
  },
  {
    name: 'Slice',
    x: twoChannels,
    apply: (x) => slice(x, 1, 1, 2),
    y: { shape: [1, 1, 1, 2], data: [10, 20] },
  },
  {
    name: 'Concat',
    x: twoChannels,
    apply: (x) => concat([neg(x), slice(x, 1, 0, 1)], 1),
    y: { shape: [1, 3, 1, 2], data: [-1, -2, -10, -20, 1, 2] },
  },
  {
    name: 'Reshape',
    x: image,
    apply: (x) => reshape(x, [0, 3, -1]),
    y: { shape: [1, 3, 2], data: image.data },
  },
  {
    name: 'Unsqueeze',
    x: row(1, 2),
    apply: (x) => unsqueeze(x, [0, 2]),
    y: { shape: [1, 2, 1], data: [1, 2] },
  },
  { name: 'ReduceSum', x: image, apply: (x) => reduceSum(x, [1, 2, 3]), y: row(21) },
  {
    name: 'ReduceMean keeping axes',
    x: image,
    apply: (x) => reduceMean(x, [2], { keepDims: true }),
    y: { shape: [1, 1, 1, 3], data: [2.5, 3.5, 4.5] },
  },
  { name: 'Identity, an output that is an input', x: row(1, 2), apply: (x) => x, y: row(1, 2) },
];

function expectNumbers(actual: Numbers, expected: Numbers): void {
  expect(actual.shape).toEqual(expected.shape);
  actual.data.forEach((value, i) => {
    const scale = Math.max(1, Math.abs(expected.data[i]));
    expect(Math.abs(value - expected.data[i]) / scale).toBeLessThan(FLOAT32_TOLERANCE);
  });
}

test.each(cases)('$name gives the shape and the numbers worked out by hand', async ({ x, apply, y }) => {
  const source = input('x', 'float32', x.shape);
  const value = apply(source);
  expect(value.shape).toEqual(y.shape);
  const outputs = await runGraph(graph({ name: 'g', inputs: [source], outputs: { y: value } }), { x });
  expectNumbers(outputs.y, y);
});

describe('operators on constants', () => {
  const third = constant([2], [1 / 3, 2 / 3]);

  test('are carried out when the graph is built, in float64', () => {
    const y = add(mul(exp(third), scalar(3)), constant([2, 1], [1, 2]));
    const expected = [3 * Math.exp(1 / 3) + 1, 3 * Math.exp(2 / 3) + 1, 3 * Math.exp(1 / 3) + 2];
    expect(y.source.kind === 'constant' && [...y.source.data.subarray(0, 3)]).toEqual(expected);
  });

  test('include changes of shape', () => {
    expect(isConstant(unsqueeze(reshape(constant([4], [1, 2, 3, 4]), [2, -1]), [0]))).toBe(true);
  });
});

describe('symbolic sizes', () => {
  const x = input('x', 'float32', [symbol('batch'), 3, symbol('height'), symbol('width')]);
  const halved = conv(x, constant([5, 3, 2, 2], new Float64Array(60)), { strides: [2, 2] });

  test('are divided by strides and multiplied by transposed convolutions', () => {
    expect(formatShape(halved.shape)).toBe('[batch, 5, height/2, width/2]');
    const quartered = conv(halved, constant([1, 5, 2, 2], new Float64Array(20)), { strides: [2, 2] });
    expect(formatShape(quartered.shape)).toBe('[batch, 1, height/4, width/4]');
    const enlarged = convTranspose(x, constant([3, 1, 2, 2], new Float64Array(12)));
    expect(formatShape(enlarged.shape)).toBe('[batch, 1, 2*height, 2*width]');
    const restored = convTranspose(halved, constant([5, 3, 2, 2], new Float64Array(60)));
    expect(restored.shape).toEqual(x.shape);
  });

  test('agree with those that ONNX Runtime gets', async () => {
    const y = graph({ name: 'g', inputs: [x], outputs: { y: halved } });
    const data = new Array(2 * 3 * 6 * 4).fill(1);
    const outputs = await runGraph(y, { x: { shape: [2, 3, 6, 4], data } });
    expect(outputs.y.shape).toEqual([2, 5, 3, 2]);
  });

  test.each<[string, () => Value, string]>([
    [
      'halves added to wholes',
      () => add(halved, slice(x, 1, 0, 1)),
      'expected equal extents or 1, got height/2 and height',
    ],
    ['an offset', () => conv(x, constant([1, 3, 3, 3], new Float64Array(27))), 'can only be divided'],
    ['a slice of them', () => slice(x, 2, 0, 1), 'the extent of axis 2 must be a number'],
    [
      'a product of two as one extent',
      () => reshape(x, [0, -1]),
      'the remaining elements are not a single extent',
    ],
  ])('reject %s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});

describe('shape errors', () => {
  const x = input('x', 'float32', [2, 6, 4, 4]);
  const shape = 'x [2, 6, 4, 4]';

  test.each<[string, () => Value, string]>([
    ['add', () => add(x, constant([5, 1, 1], new Float64Array(5))), `Add of ${shape} and constant [5, 1, 1]`],
    [
      'conv',
      () => conv(x, constant([1, 5, 1, 1], new Float64Array(5))),
      'the weight takes 5 channels, got 6',
    ],
    [
      'conv bias',
      () => conv(x, constant([1, 6, 1, 1], new Float64Array(6)), { bias: constant([2], [0, 0]) }),
      'expected a bias [1]',
    ],
    [
      'convTranspose',
      () => convTranspose(x, constant([5, 1, 2, 2], new Float64Array(20))),
      'takes 5 channels',
    ],
    ['slice', () => slice(x, 1, 4, 7), 'expected a range inside the extent 6 of axis 1, got 4…7'],
    [
      'gather',
      () => gather(x, constant([2], [0, 2], 'int64')),
      'expected places inside the extent 2 of axis 0, got 2',
    ],
    ['gather by numbers', () => gather(x, constant([1], [0])), 'places are float32, expected int64'],
    ['concat', () => concat([x, slice(x, 2, 0, 2)], 1), 'expected equal shapes except for axis 1'],
    ['reshape', () => reshape(x, [2, 7, -1]), 'the remaining elements are not a single extent'],
    ['matmul', () => matmul(x, constant([3, 1], [1, 2, 3])), 'inner extents 4 and 3 differ'],
    ['reduceSum', () => reduceSum(x, [4]), 'no axis 4'],
    ['constant', () => constant([2, 2], [1, 2, 3]), 'holds 4 elements, got 3'],
    ['arithmetic of integers', () => neg(input('i', 'int64', [1])), 'is int64, expected float32'],
  ])('of %s are thrown where it is called, with the shapes', (_, build, message) => {
    expect(build).toThrow(message);
  });
});
