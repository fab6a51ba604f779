import { createConfig, type Float64Tensor, float64Ops, type Named, tensor } from '@glow-onnx/flow';
import { filled } from '@glow-onnx/flow/internal';
import { affineCoupling } from '../../../packages/flow/src/layers/affine-coupling.js';
import { logit } from '../../../packages/flow/src/layers/logit.js';
import { channelPrior, convPrior } from '../../../packages/flow/src/layers/prior.js';

/**
 * Conventions that neither golden reference has, worked out on paper. Every convolution here is zero, so that a
 * network's output is its last bias (times exp(3·gain)) at every pixel.
 */
const one = (values: number[]): Float64Tensor => tensor([1, values.length, 1, 1], values);
const constants = (shape: number[], value = 0): Float64Tensor => filled(shape, value);

function coupling(options: object, bias: number[], more: Named<Float64Tensor> = {}) {
  const config = createConfig({ channels: 1, height: 2, width: 2, levels: 1, hiddenChannels: 4, ...options });
  const layer = affineCoupling(config, 4);
  const given: Named<Float64Tensor> = { 'conv3.bias': tensor([bias.length], bias), ...more };
  const trainable = Object.fromEntries(
    layer.params.map(({ name, shape }) => [name, given[name] ?? constants([...shape])]),
  );
  const weights = layer.forwardWeights(float64Ops, { trainable, fixed: {} });
  const { y, logDet } = layer.forward(float64Ops, one([7, 8, 2, 3]), weights); // a = 7 8, b = 2 3
  return { y: [...y.data], logScale: [...(logDet.elements?.data ?? [])] };
}

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

test('halves: the first half of the network is h, the second t', () => {
  const { y, logScale } = coupling({ coupling: 'tanh' }, [0.5, -0.5, 10, 20]);
  const s = [2 * Math.tanh(0.5), 2 * Math.tanh(-0.5)];
  expect(y).toEqual([
    7,
    8,
    expect.closeTo(2 * Math.exp(s[0]) + 10, 12),
    expect.closeTo(3 * Math.exp(s[1]) + 20, 12),
  ]);
  expect(logScale).toEqual([expect.closeTo(s[0], 12), expect.closeTo(s[1], 12)]);
});

test('interleaved: even channels of the network are t, odd ones h', () => {
  const { y, logScale } = coupling(
    { coupling: 'sigmoid', parameterOrder: 'interleaved' },
    [10, 0.5, 20, -0.5],
  );
  const scale = [sigmoid(2.5), sigmoid(1.5)];
  expect(y).toEqual([7, 8, expect.closeTo((2 + 10) * scale[0], 12), expect.closeTo((3 + 20) * scale[1], 12)]);
  expect(logScale).toEqual([expect.closeTo(Math.log(scale[0]), 12), expect.closeTo(Math.log(scale[1]), 12)]);
});

test('scaled tanh: the shift comes before the scale, exp(scale·tanh(h))', () => {
  const scale = tensor([2], [0.5, -2]);
  const { y, logScale } = coupling({ coupling: 'scaled-tanh' }, [0.5, -0.5, 10, 20], { scale });
  const s = [0.5 * Math.tanh(0.5), -2 * Math.tanh(-0.5)];
  expect(y).toEqual([
    7,
    8,
    expect.closeTo((2 + 10) * Math.exp(s[0]), 12),
    expect.closeTo((3 + 20) * Math.exp(s[1]), 12),
  ]);
  expect(logScale).toEqual([expect.closeTo(s[0], 12), expect.closeTo(s[1], 12)]);
});

test('rectified input: the network sees the positive part of scale·a + bias', () => {
  // conv1 and conv2 pass the first input channel on; conv3 adds it to t of the first channel.
  const tap = (shape: number[], at: number): Float64Tensor => {
    const kernel = constants(shape);
    kernel.data[at] = 1;
    return kernel;
  };
  const kernels = {
    'conv1.weight': tap([4, 2, 3, 3], 4),
    'conv2.weight': tap([4, 4, 1, 1], 0),
    'conv3.weight': tap([2, 4, 3, 3], 4),
  };
  const shiftOf = (scale: number, bias: number): number => {
    const input = { 'input.scale': tensor([2], [scale, 1]), 'input.bias': tensor([2], [bias, 0]) };
    const { y } = coupling({ coupling: 'additive', inputRelu: true }, [0, 0], { ...kernels, ...input });
    return y[2] - 2;
  };
  expect(shiftOf(2, 1)).toBeCloseTo(2 * 7 + 1, 12);
  expect(shiftOf(-2, 15)).toBeCloseTo(1, 12);
  expect(shiftOf(-2, 1)).toBe(0);
});

test('logit: 0.05 + 0.9·(x + ½) of x, and the logarithm of its slope, by differences', () => {
  const layer = logit(0.9);
  const { y, logDet } = layer.forward(float64Ops, one([-0.5, 0, 0.3]), {});
  const by = (x: number): number => Math.log((0.05 + 0.9 * (x + 0.5)) / (1 - 0.05 - 0.9 * (x + 0.5)));
  expect([...y.data]).toEqual([-0.5, 0, 0.3].map((x) => expect.closeTo(by(x), 12)));
  const slope = (x: number): number => (by(x + 1e-6) - by(x - 1e-6)) / 2e-6;
  const expected = [-0.5, 0, 0.3].reduce((sum, x) => sum + Math.log(slope(x)), 0);
  expect(logDet.perImage?.data[0]).toBeCloseTo(expected, 7);
  expect([...layer.inverse(float64Ops, one([-1e9, 1e9]), {}).data]).toEqual([-0.5 / 0.9, 0.5 / 0.9]);
});

test.each([0, 1, -0.9, Number.NaN])('logit: a range of %p is refused', (range) => {
  expect(() => logit(range)).toThrow(/logit: range must be above 0 and below 1/);
});

test('bounded: scales from ⅛ to 1 and shifts from −8 to 8, whatever the network says', () => {
  const { y, logScale } = coupling(
    { coupling: 'bounded', parameterOrder: 'interleaved' },
    [10, 0.5, 20, -1e4],
  );
  const scale = [1 / 8 + (7 / 8) * sigmoid(2.5), 1 / 8];
  const shift = [8 * Math.tanh(10 / 8), 8 * Math.tanh(20 / 8)];
  expect(y).toEqual([
    7,
    8,
    expect.closeTo((2 + shift[0]) * scale[0], 12),
    expect.closeTo((3 + shift[1]) / 8, 12),
  ]);
  expect(logScale).toEqual([expect.closeTo(Math.log(scale[0]), 12), expect.closeTo(Math.log(scale[1]), 12)]);
});

test('additive: b + t, t multiplied by exp(3·gain)', () => {
  const gain = tensor([2], [Math.log(2) / 3, 0]);
  const { y, logScale } = coupling({ coupling: 'additive', outputGain: true }, [10, 20], {
    'conv3.gain': gain,
  });
  expect(y).toEqual([7, 8, expect.closeTo(2 + 2 * 10, 12), expect.closeTo(3 + 20, 12)]);
  expect(logScale).toEqual([]);
});

test('hidden actnorm is exp(logScale) times the convolution, plus its bias', () => {
  // conv1 passes channel 0 of a, 7; conv2 passes the hidden channel on; conv3 adds it to t of the first channel.
  const tap = (shape: number[], at: number): Float64Tensor => {
    const kernel = filled(shape);
    kernel.data[at] = 1;
    return kernel;
  };
  const { y } = coupling({ coupling: 'additive', hiddenActnorm: true }, [0, 0], {
    'conv1.weight': tap([4, 2, 3, 3], 4),
    'conv1.actnorm.logScale': tensor([4], [Math.log(2), 0, 0, 0]),
    'conv1.actnorm.bias': tensor([4], [1, 0, 0, 0]),
    'conv2.weight': tap([4, 4, 1, 1], 0),
    'conv2.actnorm.logScale': tensor([4], [Math.log(3), 0, 0, 0]),
    'conv2.actnorm.bias': tensor([4], [-5, 0, 0, 0]),
    'conv3.weight': tap([2, 4, 3, 3], 4),
  });
  expect(y[2]).toBeCloseTo(2 + (3 * (2 * 7 + 1) - 5), 12);
});

test('the border channel is 1 outside the image and 0 inside', () => {
  // One pixel: eight of the nine taps of the border channel, the last input of conv1, lie outside.
  const kernel = filled([4, 3, 3, 3]);
  kernel.data.fill(1, 2 * 9, 3 * 9);
  const pass = filled([4, 4, 1, 1]);
  pass.data[0] = 1;
  const last = filled([2, 5, 3, 3]);
  last.data[4] = 1;
  const { y } = coupling({ coupling: 'additive', padding: 'border' }, [0, 0], {
    'conv1.weight': kernel,
    'conv2.weight': pass,
    'conv3.weight': last,
  });
  expect(y[2]).toBeCloseTo(2 + 8, 12);
});

test("a label's row of the table adds to mean and log-sd, in this order", () => {
  const prior = channelPrior(2, 3);
  const trainable = {
    'prior.mean': tensor([2], [1, 2]),
    'prior.logSd': tensor([2], [0.1, 0.2]),
    'prior.classes': tensor([3, 4], [0, 0, 0, 0, 10, 20, 3, 4, 0, 0, 0, 0]),
  };
  const weights = prior.weights(float64Ops, { trainable, fixed: {} });
  const context = one([0, 0]);
  const found = prior.distribution(float64Ops, weights, context, one([0, 1, 0]));
  expect([...(found?.mean.data ?? [])]).toEqual([11, 22]);
  expect([...(found?.logSd.data ?? [])]).toEqual([3.1, 4.2]);
  expect(() => prior.distribution(float64Ops, weights, context)).toThrow('has 3 classes and needs a label');
});

test.each([
  ['halves', [1, 2], [3, 4]],
  ['interleaved', [1, 3], [2, 4]],
] as const)(
  "a split prior's %s are mean and log-sd, and so is what a label adds",
  (parameterOrder, mean, logSd) => {
    const prior = convPrior(
      'levels.0.prior',
      { padding: 'zeros', parameterOrder, classes: 2, splitClasses: true, prior: 'learned' },
      { context: 2, latent: 2 },
      false,
    );
    const trainable = {
      weight: filled([4, 2, 3, 3]),
      bias: tensor([4], [1, 2, 3, 4]),
      gain: filled([4]),
      classes: tensor([2, 4], [0, 0, 0, 0, 10, 20, 30, 40]),
    };
    const w = prior.weights(float64Ops, { trainable, fixed: {} });
    const of = (...label: number[]) =>
      prior.distribution(float64Ops, w, one([5, 6]), tensor([1, 2, 1, 1], label));
    expect([...(of(1, 0)?.mean.data ?? [])]).toEqual(mean);
    expect([...(of(1, 0)?.logSd.data ?? [])]).toEqual(logSd);
    expect([...(of(0, 1)?.mean.data ?? [])]).toEqual(mean.map((v) => 11 * v));
    expect([...(of(0, 1)?.logSd.data ?? [])]).toEqual(logSd.map((v) => 11 * v));
    expect(() => prior.distribution(float64Ops, w, one([5, 6]))).toThrow('has 2 classes and needs a label');
  },
);

test('a top prior of zeros keeps halves even where splits interleave', () => {
  const order = {
    padding: 'border',
    parameterOrder: 'interleaved',
    classes: 0,
    splitClasses: false,
    prior: 'learned',
  } as const;
  const prior = convPrior('levels.1.prior', order, { context: 2, latent: 2 }, true);
  const trainable = { weight: filled([4, 3, 3, 3]), bias: tensor([4], [1, 2, 3, 4]), gain: filled([4]) };
  const found = prior.distribution(
    float64Ops,
    prior.weights(float64Ops, { trainable, fixed: {} }),
    one([5, 6]),
  );
  expect([...(found?.mean.data ?? [])]).toEqual([1, 2]);
  expect([...(found?.logSd.data ?? [])]).toEqual([3, 4]);
});

test("at a top prior of zeros, a label's row of the table adds to both halves, inside and at the border", () => {
  const config = {
    padding: 'border',
    parameterOrder: 'interleaved',
    classes: 2,
    splitClasses: false,
    prior: 'learned',
  } as const;
  const prior = convPrior('levels.1.prior', config, { context: 1, latent: 1 }, true);
  const weight = filled([2, 2, 3, 3]);
  weight.data[9] = 100; // mean, border channel, upper left tap
  const trainable = {
    weight,
    bias: tensor([2], [1, 2]),
    gain: filled([2]),
    classes: tensor([2, 2], [10, 20, 30, 40]),
  };
  const w = prior.weights(float64Ops, { trainable, fixed: {} });
  const label = tensor([1, 2, 1, 1], [0, 1]);
  const found = prior.distribution(float64Ops, w, tensor([1, 1, 2, 2], [5, 6, 7, 8]), label);
  expect([...(found?.mean.data ?? [])]).toEqual([131, 131, 131, 31]);
  expect([...(found?.logSd.data ?? [])]).toEqual([42, 42, 42, 42]);
  expect(() => prior.distribution(float64Ops, w, one([5]))).toThrow('has 2 classes and needs a label');
});

test('a bounded prior has log-sd from −4 to 4, whatever the network says', () => {
  const config = createConfig({ channels: 1, height: 2, width: 2, levels: 1 }, 'bounded');
  const prior = convPrior('levels.0.prior', config, { context: 2, latent: 2 }, false);
  const trainable = Object.fromEntries(prior.params.map(({ name, shape }) => [name, constants([...shape])]));
  trainable.bias = tensor([4], [5, 2, 6, -1e4]); // even channels are means, odd ones log-sds
  const found = prior.distribution(
    float64Ops,
    prior.weights(float64Ops, { trainable, fixed: {} }),
    one([7, 8]),
  );
  expect([...(found?.mean.data ?? [])]).toEqual([5, 6]);
  expect([...(found?.logSd.data ?? [])]).toEqual([expect.closeTo(4 * Math.tanh(0.5), 12), -4]);
});
