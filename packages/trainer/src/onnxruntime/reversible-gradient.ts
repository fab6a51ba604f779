import {
  createRandom,
  dequantise,
  encodeDequantised,
  type Float64Tensor,
  type FlowWeights,
  type Glow,
  type LogDet,
  type Named,
  type ParamSpec,
} from '@glow-onnx/flow';
import { fullName, outputName, type PlacedLayer } from '@glow-onnx/flow/internal';
import { add, input, mul, pad, reduceSum, reshape, scalar, slice, type Value } from '@glow-onnx/graph';
import { backward, type Cotangent } from '@glow-onnx/graph/internal';
import { sized, type TrainingValue } from './graph-image.js';
import { createGraphOps } from './graph-ops.js';
import type { LossGradient, TraceInputs } from './loss-gradient.js';

/**
 * log p(x) and the gradient of the loss without the activations of the forward pass. From the end of each level back,
 * the inverse of each layer computes its input from its output, and its forward pass is traced again. Only the few
 * activations of a dequantiser are kept.
 */
export function reversibleGradient(
  glow: Glow,
  traced: TraceInputs,
  weights: FlowWeights<TrainingValue>,
): LossGradient {
  const { images, label, trainable, host, factor } = traced;
  // The values that encode names: the output of every layer, and the logarithms of the couplings' scales.
  const met = new Map<string, TrainingValue>();
  const plain = createGraphOps(host);
  const ops = {
    ...plain,
    named(value: TrainingValue, name: string) {
      met.set(name, value);
      return value;
    },
  };
  const dequantised = dequantise(glow, plain, images, weights);
  const { logProb, logProbLevels } = encodeDequantised(glow, ops, dequantised, weights, label);
  const loss = mul(reduceSum(logProb, [0]), scalar(factor));
  const ends = glow.levels.map(
    ({ layers }) => met.get(outputName((layers.at(-1) as PlacedLayer).name)) as TrainingValue,
  );
  const elements = new Map(
    [...met].filter(([name]) => name.endsWith('.logScale')).map(([name, value]) => [name, value]),
  );
  const parameters = Object.entries(trainable);
  const { x, logDensity } = dequantised;
  const ofNoise = logDensity ? [x, logDensity] : []; // what the dequantiser makes
  const cut = [...ends, ...elements.values(), ...ofNoise];
  // From the loss back to the ends of the levels. Parameters that the loss reaches directly get their gradient here.
  const direct = backward(
    [{ value: loss, gradient: scalar(1) }],
    [...cut, ...parameters.map(([, value]) => value)],
    cut,
  );
  const gradients = new Map<string, Value>();
  const contribute = (name: string, value: Value | undefined): void => {
    const known = gradients.get(name);
    if (value) gradients.set(name, known ? add(known, value) : value);
  };
  for (const [i, [name]] of parameters.entries()) contribute(name, direct[cut.length + i]);
  const elementGradients = new Map([...elements.keys()].map((name, i) => [name, direct[ends.length + i]]));

  let fromAbove: Value | undefined; // the gradient at the next level's input
  for (let l = glow.levels.length - 1; l >= 0; l--) {
    const level = glow.levels[l];
    let y = ends[l];
    let dy = direct[l] as Value;
    if (fromAbove) dy = add(dy, padded(fromAbove, level.split === 'first', level.latentChannels));
    for (const placed of level.layers.toReversed()) {
      const back = goBack(placed, y, dy, elementGradients.get(`${placed.name}.logScale`));
      y = back.x;
      dy = back.dx;
    }
    fromAbove = dy;
  }
  if (ofNoise.length > 0) {
    const [dx, dLogDensity] = direct.slice(cut.length - ofNoise.length);
    const from = [
      ...[fromAbove, dx].flatMap((gradient) => (gradient ? [{ value: x, gradient }] : [])),
      ...(logDensity && dLogDensity ? [{ value: logDensity, gradient: dLogDensity }] : []),
    ];
    const found = backward(
      from,
      parameters.map(([, value]) => value),
    );
    for (const [i, [name]] of parameters.entries()) contribute(name, found[i]);
  }
  for (const [name, { shape }] of parameters) {
    if (gradients.has(name)) continue;
    throw new RangeError(
      `gradient: the loss does not depend on ${name} [${shape.join(', ')}]; remove this parameter, or use it in a layer`,
    );
  }
  return { logProb, logProbLevels, gradients: Object.fromEntries(gradients) };

  /**
   * Computes the input of a layer and its gradient from its output, and contributes the gradients of its parameters.
   */
  function goBack({ name, layer }: PlacedLayer, y: TrainingValue, dy: Value, dElements: Value | undefined) {
    const inverse = { ...weights[name], ...inverseInputs(traced, { name, layer }) };
    const x = layer.inverse(plain, y, inverse);
    const again = layer.forward(plain, x, weights[name]);
    const from: Cotangent[] = [{ value: again.y, gradient: dy }];
    const { elements } = again.logDet as LogDet<Value>;
    if (elements && dElements) from.push({ value: elements, gradient: dElements });
    const own = layer.params
      .filter(({ kind }) => kind === 'trainable')
      .map((spec) => fullName(name, spec.name));
    const [dx, ...rest] = backward(from, [x, ...own.map((full) => trainable[full])], [x]);
    for (const [i, full] of own.entries()) contribute(full, rest[i]);
    const done = rest.filter((value) => value !== undefined);
    return { x: after(x, [dx as Value, ...done]), dx: dx as Value };
  }
}

/** The weights that the inverse of a layer needs and that the graph cannot compute: W⁻¹, 1/scale. */
function inverseInputs({ host, fixed }: TraceInputs, { name, layer }: PlacedLayer): Named<Value> {
  if (!layer.channelAffine) return {}; // the inverse of other layers takes the weights of forward
  const kinds = (kind: ParamSpec['kind']) => layer.params.filter((spec) => spec.kind === kind);
  const own = (of: (name: string) => Float64Tensor, specs: readonly ParamSpec[]) =>
    Object.fromEntries(specs.map((spec) => [spec.name, of(fullName(name, spec.name))]));
  const ownFixed = own((full) => fixed[full], kinds('fixed'));
  const compute = (trainable: Named<Float64Tensor>) => layer.inverseWeights({ trainable, fixed: ownFixed });
  const shapes = compute(layer.initialParams(createRandom(0)));
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([weight, { shape }]) => [
      weight,
      input(`${name}/${weight}`, 'float32', shape),
    ]),
  );
  const trainable = kinds('trainable');
  host.push({
    needs: trainable.map((spec) => fullName(name, spec.name)),
    inputs,
    compute: (parameter) => compute(own(parameter, trainable)),
  });
  return inputs;
}

/**
 * y, but computed after all of `values`. Otherwise ONNX Runtime may go back through all layers first and compute the
 * gradients of their parameters at the end. It would hold all activations until then.
 */
function after(y: TrainingValue, values: readonly Value[]): TrainingValue {
  const first = (value: Value): Value =>
    reshape(
      value.shape.reduce<Value>((part, _, axis) => slice(part, axis, 0, 1), value),
      [1, 1],
    );
  const sum = values.map(first).reduce((a, b) => add(a, b));
  return sized(add(y, mul(sum, scalar(0))), y.size);
}

/** The gradient of a level's output from the gradient of the half that the next level takes. */
function padded(gradient: Value, latentFirst: boolean, latentChannels: number): Value {
  const [before, after] = latentFirst ? [latentChannels, 0] : [0, latentChannels];
  return pad(gradient, [before, 0, after, 0]);
}
