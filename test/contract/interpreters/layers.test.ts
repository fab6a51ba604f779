import {
  createRandom,
  type Float64Tensor,
  float64Ops,
  type Layer,
  type LayerParams,
  type LogDet,
  type Named,
  type Ops,
  tensor,
} from '@glow-onnx/flow';
import { interpreters } from '../../support/interpreters.js';
import { layerCases } from '../../support/layers.js';
import { numericalLogDet, relativeError } from '../../support/numeric.js';
import { randomTensor } from '../../support/random-params.js';

/** float64 rounding through one layer. */
const ROUND_TRIP = 1e-12;
/** Central differences with step 1e-5. */
const JACOBIAN = 1e-7;

/** Random parameters of a layer: what training starts from plus noise, so that no convolution is zero. */
function randomLayerParams(layer: Layer): LayerParams<Float64Tensor> {
  const random = createRandom(11);
  const values = layer.initialParams(random);
  const trainable: Record<string, Float64Tensor> = {};
  const fixed: Record<string, Float64Tensor> = {};
  for (const { name, kind } of layer.params) {
    const { shape, data } = values[name];
    if (kind === 'fixed') fixed[name] = values[name];
    else
      trainable[name] = tensor(
        shape,
        data.map((v) => Math.fround(v + 0.1 * random.normal())),
      );
  }
  return { trainable, fixed };
}

/** A layer's log|det| for each image. */
function logDetOf(y: Float64Tensor, { perPixel, elements, perImage }: LogDet<Float64Tensor>): number[] {
  const [batch, , height, width] = y.shape;
  const constant = (perPixel?.data[0] ?? 0) * height * width;
  const sums = elements === undefined ? undefined : float64Ops.sumPerImage(elements).data;
  return Array.from({ length: batch }, (_, i) => constant + (sums?.[i] ?? 0) + (perImage?.data[i] ?? 0));
}

/** The parts that a logDet has, none of them an image. */
function partsOf<T>(ops: Ops<T>, { perPixel, elements, perImage }: LogDet<T>): T[] {
  return [
    ...(perPixel ? [perPixel] : []),
    ...(elements ? [ops.sumPerImage(elements)] : []),
    ...(perImage ? [perImage] : []),
  ];
}

function lift<T>(ops: Ops<T>, weights: Named<Float64Tensor>): Named<T> {
  return Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, ops.constant(value)]));
}

describe.each(layerCases)('$name', ({ layer, channels }) => {
  const params = randomLayerParams(layer);
  const forward = layer.forwardWeights(float64Ops, params);
  const inverse = layer.inverseWeights(params);
  const shape = [2, channels, 4, 6];
  const x = randomTensor(shape, createRandom(5));
  const { y, logDet } = layer.forward(float64Ops, x, forward);

  test('keeps the number of dimensions', () => {
    expect(y.data.length).toBe(x.data.length);
  });

  test('inverse restores what forward was given', () => {
    const restored = layer.inverse(float64Ops, y, inverse);
    expect(restored.shape).toEqual(x.shape);
    expect(relativeError(restored.data, x.data)).toBeLessThan(ROUND_TRIP);
  });

  test('logDet is log|det| of a numerical Jacobian', () => {
    const f = (values: Float64Array) =>
      layer.forward(float64Ops, tensor([1, ...shape.slice(1)], values), forward).y.data;
    const expected = numericalLogDet(f, x.data.slice(0, x.data.length / 2));
    expect(Math.abs(logDetOf(y, logDet)[0] - expected)).toBeLessThan(JACOBIAN * (1 + Math.abs(expected)));
  });

  test('the parameters listed are those it has, and each changes the result', () => {
    const initial = layer.initialParams(createRandom(1));
    expect(Object.keys(initial)).toEqual(layer.params.map(({ name }) => name));
    for (const { name, shape: listed, kind } of layer.params) {
      expect([name, initial[name].shape]).toEqual([name, listed]);
      if (kind === 'fixed') continue;
      const values = params.trainable[name];
      const moved = { ...values, data: values.data.map((v, i) => 1.5 * v + 0.1 + 0.01 * i) };
      const changed = { ...params, trainable: { ...params.trainable, [name]: moved } };
      const again = layer.forward(float64Ops, x, layer.forwardWeights(float64Ops, changed));
      expect([name, [...again.y.data]]).not.toEqual([name, [...y.data]]);
    }
  });

  test('as one matrix and bias per pixel, where it offers that, it is the same map', () => {
    if (!layer.channelAffine) return;
    const ahead = layer.channelAffine.forward(forward);
    const back = layer.channelAffine.inverse(inverse);
    expect(relativeError(float64Ops.conv1x1(x, ahead.matrix, ahead.bias).data, y.data)).toBeLessThan(
      ROUND_TRIP,
    );
    expect(relativeError(float64Ops.conv1x1(y, back.matrix, back.bias).data, x.data)).toBeLessThan(
      ROUND_TRIP,
    );
    expect(ahead.perPixel).toBe(logDet.perPixel?.data[0]);
  });

  test.each(interpreters)('$name agrees with float64 in both directions', async ({ run, tolerance }) => {
    const [ahead, ...logDets] = await run({ x }, (ops, images) => {
      const weights = layer.forwardWeights(ops, {
        trainable: lift(ops, params.trainable),
        fixed: params.fixed,
      });
      const { y, logDet } = layer.forward(ops, images.x, weights);
      return [y, ...partsOf(ops, logDet)];
    });
    const expected = partsOf(float64Ops, logDet);
    expect(ahead.shape).toEqual(y.shape);
    expect(relativeError(ahead.data, y.data)).toBeLessThan(tolerance);
    expect(logDets.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
    for (const [i, { data }] of expected.entries()) {
      expect(relativeError(logDets[i].data, data)).toBeLessThan(tolerance);
    }
    const [back] = await run({ y }, (ops, images) => [layer.inverse(ops, images.y, lift(ops, inverse))]);
    expect(relativeError(back.data, layer.inverse(float64Ops, y, inverse).data)).toBeLessThan(tolerance);
  });
});
