import { permutationMatrix } from '../arithmetic/linalg.js';
import type { Ops, Padding } from '../arithmetic/ops.js';
import { type Float64Tensor, filled, type Named, sizeOf, tensor } from '../arithmetic/tensor.js';
import type { GlowConfig } from '../model/config.js';
import type { Random } from '../random.js';
import { normalisingParams } from './actnorm.js';
import type { LayerParams, ParamSpec } from './layer.js';

/** The config fields that shape a conditioner. */
export type ConditionerConfig = Pick<
  GlowConfig,
  'hiddenChannels' | 'padding' | 'inputRelu' | 'hiddenLayer' | 'hiddenActnorm' | 'outputGain' | 'hiddenInit'
>;

/**
 * The network of a coupling: conv3×3 → ReLU → conv1×1 → ReLU → conv3×3, from `inputs` to `outputs` channels. The last
 * convolution starts at zero. With `inputRelu`, each input channel is first scaled, shifted and rectified. `hiddenLayer`
 * may add the second layer to the first, and gate it (van den Oord et al. 2016, arXiv:1606.05328). The network is never
 * inverted. Hidden actnorms and the output gain exp(3·gain) are
 * per-channel factors on a convolution's output, so `weights` multiplies them into its kernel and bias: both directions
 * and an exported graph have three plain convolutions.
 */
export function conditioner(config: ConditionerConfig, inputs: number, outputs: number) {
  const hidden = config.hiddenChannels;
  const first: Padding = config.padding === 'border' ? 'border' : 'zeros'; // `ones` is for the last convolution alone
  const last: Padding = config.padding;
  const shapes = {
    conv1: [hidden, inputsWithBorder(inputs, first), 3, 3],
    conv2: [config.hiddenLayer === 'gated' ? 2 * hidden : hidden, hidden, 1, 1],
    conv3: [outputs, inputsWithBorder(hidden, last), 3, 3],
  };

  const hiddenSpecs = (name: 'conv1' | 'conv2'): ParamSpec[] => [
    { name: `${name}.weight`, shape: shapes[name], kind: 'trainable' },
    ...(config.hiddenActnorm ? [`${name}.actnorm.logScale`, `${name}.actnorm.bias`] : [`${name}.bias`]).map(
      (param): ParamSpec => ({ name: param, shape: shapes[name].slice(0, 1), kind: 'trainable' }),
    ),
  ];
  const inputSpecs = (config.inputRelu ? ['input.scale', 'input.bias'] : []).map(
    (name): ParamSpec => ({ name, shape: [inputs], kind: 'trainable' }),
  );
  const params: ParamSpec[] = [
    ...inputSpecs,
    ...hiddenSpecs('conv1'),
    ...hiddenSpecs('conv2'),
    ...outputSpecs('conv3.', shapes.conv3, config.outputGain),
  ];

  const hiddenWeights = <T>(ops: Ops<T>, p: Named<T>, name: 'conv1' | 'conv2') => {
    const weight = p[`${name}.weight`];
    if (!config.hiddenActnorm) return { weight, bias: p[`${name}.bias`] };
    const scale = ops.exp(p[`${name}.actnorm.logScale`]);
    return {
      weight: ops.mul(weight, ops.reshape(scale, [shapes[name][0], 1, 1, 1])),
      bias: p[`${name}.actnorm.bias`],
    };
  };
  const weights = <T>(ops: Ops<T>, p: Named<T>): Named<T> => {
    const conv1 = hiddenWeights(ops, p, 'conv1');
    const conv2 = hiddenWeights(ops, p, 'conv2');
    const conv3 = outputWeights(ops, p, 'conv3.', outputs, config.outputGain);
    return {
      ...Object.fromEntries(inputSpecs.map(({ name }) => [name, p[name]])),
      'conv1.weight': conv1.weight,
      'conv1.bias': conv1.bias,
      'conv2.weight': ops.reshape(conv2.weight, shapes.conv2.slice(0, 2)),
      'conv2.bias': conv2.bias,
      'conv3.weight': conv3.weight,
      'conv3.bias': conv3.bias,
    };
  };

  const layer1 = <T>(ops: Ops<T>, a: T, w: Named<T>): T => {
    const h = config.inputRelu ? ops.relu(ops.scaleShift(a, w['input.scale'], w['input.bias'])) : a;
    return ops.conv3x3(h, w['conv1.weight'], w['conv1.bias'], first);
  };
  const layer2 = <T>(ops: Ops<T>, h: T, w: Named<T>): T => ops.conv1x1(h, w['conv2.weight'], w['conv2.bias']);
  /** batch × hidden × h × w, twice, or at `gated` with twice the channels → batch × hidden × h × w. */
  const joined = <T>(ops: Ops<T>, h: T, second: T): T => {
    if (config.hiddenLayer === 'gated') {
      const [value, gate] = ops.split(second, hidden);
      return ops.add(h, ops.mul(value, ops.sigmoid(gate)));
    }
    const rectified = ops.relu(second);
    return config.hiddenLayer === 'residual' ? ops.add(h, rectified) : rectified;
  };

  return {
    params,
    outputShape: shapes.conv3,
    initialParams(random: Random): Named<Float64Tensor> {
      return Object.fromEntries(
        params.map(({ name, shape }) => {
          if (name === 'input.scale') return [name, filled(shape, 1)];
          if (name === 'input.bias' || name.startsWith('conv3.') || name.includes('.actnorm.'))
            return [name, filled(shape)];
          const fanIn = sizeOf(shapes[name.startsWith('conv1.') ? 'conv1' : 'conv2'].slice(1));
          const isBias = name.endsWith('.bias');
          return [name, hiddenInit(config.hiddenInit, shape, fanIn, isBias, random)];
        }),
      );
    },
    /** Parameters of the hidden actnorms that normalise the first batch; empty without hidden actnorms. */
    initialise<T>(ops: Ops<T>, a: T, { trainable }: LayerParams<T>): Named<T> {
      if (!config.hiddenActnorm) return {};
      const p: Record<string, T> = { ...trainable };
      const found: Record<string, T> = {};
      let h = a;
      for (const [name, layer] of [
        ['conv1', layer1],
        ['conv2', layer2],
      ] as const) {
        const zero = ops.constant(filled(shapes[name].slice(0, 1)));
        p[`${name}.actnorm.logScale`] = zero;
        p[`${name}.actnorm.bias`] = zero;
        const { logScale, bias } = normalisingParams(ops, layer(ops, h, weights(ops, p)));
        p[`${name}.actnorm.logScale`] = found[`${name}.actnorm.logScale`] = logScale;
        p[`${name}.actnorm.bias`] = found[`${name}.actnorm.bias`] = bias;
        h = ops.relu(layer(ops, h, weights(ops, p)));
      }
      return found;
    },
    weights,
    /** batch × inputs × h × w → batch × outputs × h × w. */
    apply<T>(ops: Ops<T>, a: T, w: Named<T>): T {
      const h1 = ops.relu(layer1(ops, a, w)); // batch × hidden × h × w
      const h2 = joined(ops, h1, layer2(ops, h1, w)); // batch × hidden × h × w
      return ops.conv3x3(h2, w['conv3.weight'], w['conv3.bias'], last);
    },
  };
}

/** Weight, bias and, with `gain`, gain of a convolution that starts at zero. `prefix` ends in a dot or is empty. */
export function outputSpecs(prefix: string, shape: readonly number[], gain: boolean): ParamSpec[] {
  const vectors = gain ? ['bias', 'gain'] : ['bias'];
  return [
    { name: `${prefix}weight`, shape, kind: 'trainable' },
    ...vectors.map((name): ParamSpec => ({ name: prefix + name, shape: [shape[0]], kind: 'trainable' })),
  ];
}

/** (conv + bias)·exp(3·gain) as one kernel and bias. */
export function outputWeights<T>(
  ops: Ops<T>,
  p: Named<T>,
  prefix: string,
  outputs: number,
  gain: boolean,
): { weight: T; bias: T } {
  const weight = p[`${prefix}weight`];
  const bias = p[`${prefix}bias`];
  if (!gain) return { weight, bias };
  const factor = ops.exp(ops.scale(p[`${prefix}gain`], 3));
  return {
    weight: ops.mul(weight, ops.reshape(factor, [outputs, 1, 1, 1])),
    bias: ops.mul(bias, factor),
  };
}

/**
 * Reorders a kernel's output channels: first the odd channels, then the even channels. A network that interleaves two
 * parameters then outputs them as halves. Channels 0 1 2 3 become 1 3 0 2.
 */
export function oddThenEven<T>(
  ops: Ops<T>,
  conv: { weight: T; bias: T },
  shape: readonly number[],
): { weight: T; bias: T } {
  const outputs = shape[0];
  const half = outputs / 2;
  const order = Array.from({ length: outputs }, (_, i) => (i < half ? 2 * i + 1 : 2 * (i - half)));
  const reorder = ops.constant(permutationMatrix(order));
  return {
    weight: ops.reshape(
      ops.matmul(reorder, ops.reshape(conv.weight, [outputs, sizeOf(shape) / outputs])),
      shape,
    ),
    bias: ops.reshape(ops.matmul(reorder, ops.reshape(conv.bias, [outputs, 1])), [outputs]),
  };
}

/** Input channels of a convolution, with the border channel if its padding adds one. */
export function inputsWithBorder(inputs: number, padding: Padding): number {
  return padding === 'border' ? inputs + 1 : inputs;
}

function hiddenInit(
  kind: GlowConfig['hiddenInit'],
  shape: readonly number[],
  fanIn: number,
  isBias: boolean,
  random: Random,
): Float64Tensor {
  const draw =
    kind === 'uniform'
      ? () => (2 * random.uniform() - 1) / Math.sqrt(fanIn)
      : () => (isBias ? 0 : 0.05 * random.normal());
  return tensor(shape, Float64Array.from({ length: sizeOf(shape) }, draw));
}
