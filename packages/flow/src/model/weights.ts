import { float64Ops } from '../arithmetic/float64-ops.js';
import type { Ops } from '../arithmetic/ops.js';
import type { Float64Tensor, Named } from '../arithmetic/tensor.js';
import type { LayerParams, ParamSpec } from '../layers/layer.js';
import { createRandom } from '../random.js';
import { fullName, type Glow, parts, splitLatent } from './glow.js';

/** The weights of all layers and priors: by place (`levels.<l>.prior` for priors), then by name. */
export type FlowWeights<T> = Named<Named<T>>;

/** The parameters of one layer or prior, by their names inside it. */
function paramsAt<T>(all: LayerParams<T>, place: string, specs: readonly ParamSpec[]): LayerParams<T> {
  const trainable: Record<string, T> = {};
  const fixed: Record<string, Float64Tensor> = {};
  for (const { name, kind } of specs) {
    const full = fullName(place, name);
    if (!(full in all[kind])) throw new RangeError(`parameters: "${full}" is missing`);
    if (kind === 'trainable') trainable[name] = all.trainable[full];
    else fixed[name] = all.fixed[full];
  }
  return { trainable, fixed };
}

/**
 * Parameters before training. The random stream of each layer depends on the seed and on the layer's place alone.
 * @param seed an integer in [0, 2⁵³).
 * @example
 * const params = initialParams(createGlow(config), 1);
 */
export function initialParams(glow: Glow, seed: number): LayerParams<Float64Tensor> {
  const trainable: Record<string, Float64Tensor> = {};
  const fixed: Record<string, Float64Tensor> = {};
  parts(glow).forEach((part, index) => {
    const random = createRandom(seed, index);
    const values = 'layer' in part ? part.layer.initialParams(random) : part.prior.initialParams();
    for (const { name, kind } of part.params) {
      (kind === 'trainable' ? trainable : fixed)[fullName(part.place, name)] = values[name];
    }
  });
  return { trainable, fixed };
}

/**
 * Data-dependent initialisation: passes a first batch through the layers in order, and each layer sets its parameters
 * from its input (actnorm: zero mean, unit deviation of its output).
 * @param x batch × channels × height × width, in model units.
 * @returns all trainable parameters, with the initialised parameters replaced.
 * Source: Kingma & Dhariwal 2018, §3.1.
 * @example
 * const trainable = initialise(glow, float64Ops, x, params);
 */
export function initialise<T>(glow: Glow, ops: Ops<T>, x: T, params: LayerParams<T>): Named<T> {
  const trainable: Record<string, T> = { ...params.trainable };
  let h = x;
  for (const level of glow.levels) {
    for (const { name, layer } of level.layers) {
      const own = paramsAt({ trainable, fixed: params.fixed }, name, layer.params);
      const found = layer.initialise?.(ops, h, own) ?? {};
      for (const [param, value] of Object.entries(found)) trainable[fullName(name, param)] = value;
      const ready = { trainable: { ...own.trainable, ...found }, fixed: own.fixed };
      h = layer.forward(ops, h, layer.forwardWeights(ops, ready)).y;
    }
    if (level.split) h = splitLatent(ops, level, h).rest;
  }
  return trainable;
}

/**
 * Computes the weights of `encode`, and of the dequantiser, from parameters. Differentiable if the interpreter is.
 * @throws RangeError naming a parameter that is missing.
 * @example
 * const weights = forwardWeights(glow, float64Ops, params);
 */
export function forwardWeights<T>(glow: Glow, ops: Ops<T>, params: LayerParams<T>): FlowWeights<T> {
  return Object.fromEntries(
    parts(glow).map((part) => {
      const own = paramsAt(params, part.place, part.params);
      return [
        part.name,
        'layer' in part ? part.layer.forwardWeights(ops, own) : part.prior.weights(ops, own),
      ];
    }),
  );
}

/**
 * Computes the weights of `decode` from parameters, in float64.
 * @throws RangeError naming a layer that is singular or a parameter that is missing.
 * @example
 * const x = decode(glow, float64Ops, latents, inverseWeights(glow, params));
 */
export function inverseWeights(glow: Glow, params: LayerParams<Float64Tensor>): FlowWeights<Float64Tensor> {
  return Object.fromEntries(
    parts({ levels: glow.levels }).map((part) => {
      const own = paramsAt(params, part.place, part.params);
      if (!('layer' in part)) return [part.name, part.prior.weights(float64Ops, own)];
      try {
        return [part.name, part.layer.inverseWeights(own)];
      } catch (cause) {
        throw new RangeError(`${part.name}: ${(cause as Error).message}`, { cause });
      }
    }),
  );
}

/** Float64 weights as constants of another interpreter. */
export function liftWeights<T>(ops: Ops<T>, weights: FlowWeights<Float64Tensor>): FlowWeights<T> {
  const lift = (named: Named<Float64Tensor>): Named<T> =>
    Object.fromEntries(Object.entries(named).map(([name, value]) => [name, ops.constant(value)]));
  return Object.fromEntries(Object.entries(weights).map(([name, named]) => [name, lift(named)]));
}
