import { float64Ops } from '../arithmetic/float64-ops.js';
import type { Ops } from '../arithmetic/ops.js';
import { filled, type Named } from '../arithmetic/tensor.js';
import type { GlowConfig } from '../model/config.js';
import { type ConditionerConfig, conditioner, oddThenEven } from './conditioner.js';
import type { Layer, ParamSpec } from './layer.js';

export type CouplingConfig = ConditionerConfig & Pick<GlowConfig, 'coupling' | 'parameterOrder'>;

/**
 * Changes the last channels, b, by an affine map whose parameters depend on the first ones, a: (a, b) → (a, y).
 * `tanh`: y = b·exp(s) + t, s = 2·tanh(h). `sigmoid`: y = (b + t)·σ(h + 2). `bounded`: y = (b + 8·tanh(t/8))·(⅛ + ⅞·σ(h + 2)).
 * `additive`: y = b + t. `scaled-tanh`: y = (b + t)·exp(s), s = scale·tanh(h), with a trained scale per channel that starts
 * at 1. logDet = Σ s, or Σ log of the factor, or 0. Far from the training images a network's output grows without bound: t
 * swells from step to step, and a factor near 0 rounds away what decode needs. `bounded` has neither. A conditioner
 * computes h and t from a: h is the first half of its output and t the second, or (`interleaved`, as in official Glow) t
 * are the even channels and h the odd channels.
 * Source: Dinh et al. 2017, §3.4 and §4.1 (`scaled-tanh` as in github.com/chrischute/glow); Kingma & Dhariwal 2018, §3.3.
 * @param kept the channels of a. Default: one half.
 * @throws RangeError unless channels is even and positive, or `kept` is given.
 */
export function affineCoupling(config: CouplingConfig, channels: number, kept = channels / 2): Layer {
  if (!Number.isInteger(kept) || kept < 1 || kept >= channels) {
    throw new RangeError(`affine coupling: channels must be even and positive, got ${channels}`);
  }
  const changed = channels - kept;
  const outputs = config.coupling === 'additive' ? changed : 2 * changed;
  const network = conditioner(config, kept, outputs);
  const scaled = config.coupling === 'scaled-tanh';
  const scaleSpecs: ParamSpec[] = scaled ? [{ name: 'scale', shape: [changed], kind: 'trainable' }] : [];
  const { forward, inverse } = couplings[config.coupling];

  const weights = <T>(ops: Ops<T>, params: Named<T>): Named<T> => {
    const w: Named<T> = { ...network.weights(ops, params), ...(scaled && { scale: params.scale }) };
    if (config.coupling === 'additive' || config.parameterOrder === 'halves') return w;
    const ordered = oddThenEven(
      ops,
      { weight: w['conv3.weight'], bias: w['conv3.bias'] },
      network.outputShape,
    );
    return { ...w, 'conv3.weight': ordered.weight, 'conv3.bias': ordered.bias };
  };

  return {
    params: [...network.params, ...scaleSpecs],
    initialParams: (random) => ({
      ...network.initialParams(random),
      ...(scaled && { scale: filled([changed], 1) }),
    }),
    initialise: (ops, x, params) => network.initialise(ops, ops.split(x, kept)[0], params),
    forwardWeights: (ops, { trainable }) => weights(ops, trainable),
    inverseWeights: ({ trainable }) => weights(float64Ops, trainable),

    forward(ops, x, w) {
      const [a, b] = ops.split(x, kept); // batch × kept × h × w, batch × changed × h × w
      const { y, logScale } = forward(ops, b, network.apply(ops, a, w), changed, w.scale);
      return { y: ops.concat(a, y), logDet: logScale === undefined ? {} : { elements: logScale } };
    },
    inverse(ops, x, w) {
      const [a, y] = ops.split(x, kept);
      return ops.concat(a, inverse(ops, y, network.apply(ops, a, w), changed, w.scale));
    },
  };
}

/** b ↔ y given the conditioner's output: `changed` channels of h, then as many of t; for `additive` t alone. */
interface Coupling {
  forward<T>(ops: Ops<T>, b: T, output: T, changed: number, scale: T): { y: T; logScale?: T };
  inverse<T>(ops: Ops<T>, y: T, output: T, changed: number, scale: T): T;
}

const couplings: Record<GlowConfig['coupling'], Coupling> = {
  tanh: {
    forward(ops, b, output, changed) {
      const [h, t] = ops.split(output, changed);
      const logScale = ops.named(ops.scale(ops.tanh(h), 2), 'logScale');
      return { y: ops.add(ops.mul(b, ops.exp(logScale)), t), logScale };
    },
    inverse(ops, y, output, changed) {
      const [h, t] = ops.split(output, changed);
      return ops.mul(ops.sub(y, t), ops.exp(ops.scale(ops.tanh(h), -2)));
    },
  },
  sigmoid: {
    forward(ops, b, output, changed) {
      const [h, t] = ops.split(output, changed);
      const shifted = ops.scale(h, 1, 2);
      const logScale = ops.named(ops.logSigmoid(shifted), 'logScale');
      return { y: ops.mul(ops.add(b, t), ops.sigmoid(shifted)), logScale };
    },
    inverse(ops, y, output, changed) {
      const [h, t] = ops.split(output, changed);
      const inverseScale = ops.scale(ops.exp(ops.scale(h, -1, -2)), 1, 1); // 1/σ(u) = 1 + exp(−u)
      return ops.sub(ops.mul(y, inverseScale), t);
    },
  },
  bounded: {
    forward(ops, b, output, changed) {
      const [h, t] = ops.split(output, changed);
      const scale = boundedScale(ops, h);
      const logScale = ops.named(ops.log(scale), 'logScale');
      return { y: ops.mul(ops.add(b, boundedShift(ops, t)), scale), logScale };
    },
    inverse(ops, y, output, changed) {
      const [h, t] = ops.split(output, changed);
      const inverseScale = ops.exp(ops.scale(ops.log(boundedScale(ops, h)), -1));
      return ops.sub(ops.mul(y, inverseScale), boundedShift(ops, t));
    },
  },
  additive: {
    forward: (ops, b, output) => ({ y: ops.add(b, output) }),
    inverse: (ops, y, output) => ops.sub(y, output),
  },
  'scaled-tanh': {
    forward(ops, b, output, changed, scale) {
      const [h, t] = ops.split(output, changed);
      const logScale = ops.named(ops.mul(ops.perChannel(scale), ops.tanh(h)), 'logScale');
      return { y: ops.mul(ops.add(b, t), ops.exp(logScale)), logScale };
    },
    inverse(ops, y, output, changed, scale) {
      const [h, t] = ops.split(output, changed);
      const logScale = ops.mul(ops.perChannel(scale), ops.tanh(h));
      return ops.sub(ops.mul(y, ops.exp(ops.scale(logScale, -1))), t);
    },
  },
};

/** ⅛ … 1. */
function boundedScale<T>(ops: Ops<T>, h: T): T {
  return ops.scale(ops.sigmoid(ops.scale(h, 1, 2)), 7 / 8, 1 / 8);
}

/** −8 … 8. */
function boundedShift<T>(ops: Ops<T>, t: T): T {
  return ops.scale(ops.tanh(ops.scale(t, 1 / 8)), 8);
}
