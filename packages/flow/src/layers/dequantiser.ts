import type { Ops } from '../arithmetic/ops.js';
import type { Named } from '../arithmetic/tensor.js';
import { type GlowConfig, presets } from '../model/config.js';
import { takesPixels } from '../pixels.js';
import { affineCoupling } from './affine-coupling.js';
import type { PlacedLayer } from './layer.js';

/**
 * The distribution of the noise u in [0, 1) that turns bins q into x = (q + u)/2ⁿ − ½. `uniform`: the same for all
 * images. `variational`: a flow q(u | image), trained with the model.
 */
export type Dequantisation = 'uniform' | 'variational';
export const dequantisations: readonly Dequantisation[] = ['uniform', 'variational'];

/** Bins and noise, from which a dequantiser makes x. */
export interface NoisyPixels<T> {
  /** The middle of each bin, (q + ½)/2ⁿ − ½: batch × channels × height × width. */
  readonly centre: T;
  /** Standard logistic noise of the same shape: log u − log(1 − u) of a uniform u. */
  readonly noise: T;
}

/** Images in model units. */
export interface Dequantised<T> {
  /** (q + u)/2ⁿ − ½: batch × channels × height × width. */
  readonly x: T;
  /** log q(u | image) over [0, 1)^D: [batch], nats. Absent for uniform noise, whose density is 1. */
  readonly logDensity?: T;
}

/** The conditional flow of the noise. Its weights are by the places of its layers, as those of the model. */
export interface Dequantiser {
  readonly layers: readonly PlacedLayer[];
  /** Images of even height and width. */
  dequantise<T>(ops: Ops<T>, pixels: NoisyPixels<T>, weights: Named<Named<T>>): Required<Dequantised<T>>;
}

/** Each half of the noise is changed twice. */
const STEPS = 4;
/** Brings pixels of −½ … ½ to about the scale of the noise, whose standard deviation is π/√3. */
const PIXEL_SCALE = 4;
/** Leaves out 2⁻¹⁷ at both ends of [0, 1): x of 8 bits does not reach another bin, in float32 either. */
const REACH = 1 - 2 ** -16;

/**
 * The flow of variational dequantisation: u = ½ + reach·(σ(v) − ½) with reach 1 − 2⁻¹⁶, where couplings make v from logistic
 * noise, and their conditioners see the squeezed image besides. `tanh` couplings are the identity at first, so u is
 * uniform before training. With f the logistic density, which is σ′,
 * log q(u | image) = Σ log f(noise) − Σ logScale − Σ (log σ′(v) + log reach).
 * @throws RangeError if the values of the model are not pixels.
 * Source: Ho, Chen, Srinivas, Duan & Abbeel 2019 (Flow++, arXiv:1902.00275), §3.1.
 */
export function createDequantiser(config: GlowConfig): Dequantiser {
  if (!takesPixels(config)) {
    throw new RangeError(
      'config: dequantisation "variational" makes real numbers of pixels, but 0 bits are real numbers; use "uniform"',
    );
  }
  const half = 2 * config.channels; // of a squeezed image
  const kept = 2 * half + half; // the image, and the half of the noise that stays
  const choices = { ...presets.tutorial, inputRelu: false, hiddenLayer: 'plain' } as const;
  const { hiddenChannels, bits } = config;
  const width = REACH * 2 ** -bits;
  const layers = Array.from({ length: STEPS }, (_, k) => ({
    name: `dequantisation.steps.${k}.coupling`,
    layer: affineCoupling({ ...choices, hiddenChannels }, kept + half, kept),
  }));
  return {
    layers,
    dequantise(ops, { centre, noise }, weights) {
      const image = ops.scale(ops.squeeze(centre), PIXEL_SCALE);
      let [a, b] = ops.split(ops.squeeze(noise), half);
      let logDensity = ops.sumPerImage(logisticDensity(ops, noise));
      for (const { name, layer } of layers) {
        const { y, logDet } = layer.forward(ops, ops.concat(ops.concat(image, a), b), weights[name]);
        [a, b] = [ops.split(y, kept)[1], a]; // the next step changes the other half
        if (logDet.elements !== undefined) {
          logDensity = ops.sub(logDensity, ops.sumPerImage(logDet.elements));
        }
      }
      const v = ops.unsqueeze(ops.concat(a, b));
      return {
        x: ops.add(centre, ops.scale(ops.sigmoid(v), width, -width / 2)),
        logDensity: ops.sub(
          logDensity,
          ops.sumPerImage(ops.scale(logisticDensity(ops, v), 1, Math.log(REACH))),
        ),
      };
    },
  };
}

/** The dequantisation of parameters with these names: `variational` if any is of a dequantiser. */
export function dequantisationOf(names: readonly string[]): Dequantisation {
  return names.some((name) => name.startsWith('dequantisation.')) ? 'variational' : 'uniform';
}

/** log σ′(v) = log σ(v) + log σ(−v). */
function logisticDensity<T>(ops: Ops<T>, v: T): T {
  return ops.add(ops.logSigmoid(v), ops.logSigmoid(ops.scale(v, -1)));
}
