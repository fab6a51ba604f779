import { float64Ops } from './float64-ops.js';
import { fullName, type Glow, parts, splitLatent } from './glow.js';
import type { LayerParams, ParamSpec } from './layer.js';
import type { Ops } from './ops.js';
import { createRandom } from './random.js';
import type { Float64Tensor, Named } from './tensor.js';

/** What layers and priors need to run, by placed layer (`levels.<l>.prior` for priors), then by weight. */
export type FlowWeights<T> = Named<Named<T>>;

/** The parameters of one part, by their names inside it. */
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

/** Parameters before training. The stream of each layer depends on the seed and its place alone. */
export function initialParams(glow: Glow, seed: number): LayerParams<Float64Tensor> {
  const trainable: Record<string, Float64Tensor> = {};
  const fixed: Record<string, Float64Tensor> = {};
  parts(glow.levels).forEach((part, index) => {
    const random = createRandom(seed, index);
    const values = 'layer' in part ? part.layer.initialParams(random) : part.prior.initialParams();
    for (const { name, kind } of part.params) {
      (kind === 'trainable' ? trainable : fixed)[fullName(part.place, name)] = values[name];
    }
  });
  return { trainable, fixed };
}

/**
 * Data-dependent initialisation: passes a first batch x through the layers in order and lets each set its
 * parameters from what reaches it (actnorm: zero mean, unit deviation).
 * @returns all trainable parameters, the initialised ones replaced.
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

/** What `encode` needs, from parameters; differentiable where the interpreter is. */
export function forwardWeights<T>(glow: Glow, ops: Ops<T>, params: LayerParams<T>): FlowWeights<T> {
  return Object.fromEntries(
    parts(glow.levels).map((part) => {
      const own = paramsAt(params, part.place, part.params);
      return [
        part.name,
        'layer' in part ? part.layer.forwardWeights(ops, own) : part.prior.weights(ops, own),
      ];
    }),
  );
}

/**
 * What `decode` needs, in float64; `liftWeights` gives it to another interpreter.
 * @throws RangeError naming the layer that is singular.
 */
export function inverseWeights(glow: Glow, params: LayerParams<Float64Tensor>): FlowWeights<Float64Tensor> {
  return Object.fromEntries(
    parts(glow.levels).map((part) => {
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
