import type { GlowConfig } from './config.js';
import { float64Ops } from './float64-ops.js';
import type { Layer, LayerParams, LogDet, ParamSpec } from './layer.js';
import { actnorm } from './layers/actnorm.js';
import { affineCoupling } from './layers/affine-coupling.js';
import { invertibleConv } from './layers/invertible-conv.js';
import { channelPrior, convPrior, type Prior, standardPrior } from './layers/prior.js';
import { squeeze } from './layers/squeeze.js';
import { latentChannels } from './manifest.js';
import type { Ops } from './ops.js';
import { createRandom } from './random.js';
import type { Float64Tensor, Named } from './tensor.js';

/** A layer and where it stands, such as `levels.0.steps.3.coupling`. */
export interface PlacedLayer {
  readonly name: string;
  readonly layer: Layer;
}

/** Layers one after the other, then a latent that leaves: a half at a split, everything at the top. */
export interface Level {
  readonly layers: readonly PlacedLayer[];
  readonly latentChannels: number;
  /** Which half leaves; undefined at the top level. */
  readonly split: GlowConfig['splitLatent'] | undefined;
  readonly prior: Prior;
}

/** A Glow as its layers in place. Weights are separate: records by the same names. */
export interface Glow {
  readonly config: GlowConfig;
  readonly levels: readonly Level[];
  /** Every tensor of a checkpoint, by full name. */
  readonly params: readonly ParamSpec[];
}

/** What layers and priors need to run, by placed layer (`levels.<l>.prior` for priors), then by weight. */
export type FlowWeights<T> = Named<Named<T>>;

/** The model that a config describes: per level squeeze, then steps of actnorm → 1×1 convolution → coupling. */
export function createGlow(config: GlowConfig): Glow {
  const levels = Array.from({ length: config.levels }, (_, l): Level => {
    const channels = config.channels * 4 * 2 ** l;
    const place = `levels.${l}`;
    const steps = Array.from({ length: config.steps }, (_, k): PlacedLayer[] => [
      { name: `${place}.steps.${k}.actnorm`, layer: actnorm(channels) },
      { name: `${place}.steps.${k}.conv1x1`, layer: invertibleConv(config.conv1x1, channels) },
      { name: `${place}.steps.${k}.coupling`, layer: affineCoupling(config, channels) },
    ]);
    return {
      layers: [{ name: `${place}.squeeze`, layer: squeeze }, ...steps.flat()],
      latentChannels: latentChannels(config, l),
      split: l === config.levels - 1 ? undefined : config.splitLatent,
      prior: priorOf(config, l),
    };
  });
  return { config, levels, params: parts(levels).flatMap(({ place, params }) => withPlace(place, params)) };
}

function priorOf(config: GlowConfig, level: number): Prior {
  const place = `levels.${level}.prior`;
  const latent = latentChannels(config, level);
  if (config.prior === 'standard') return standardPrior(place);
  if (level < config.levels - 1) return convPrior(place, config, { context: latent, latent }, false);
  if (config.topPrior === 'conv') return convPrior(place, config, { context: latent, latent }, true);
  return channelPrior(latent, config.classes);
}

/** Everything that has parameters, with the prefix of their names and the name its weights go by. */
function parts(levels: readonly Level[]) {
  return levels.flatMap((level, l) => [
    ...level.layers.map(({ name, layer }) => ({ name, place: name, params: layer.params, layer })),
    { name: `levels.${l}.prior`, place: level.prior.place, params: level.prior.params, prior: level.prior },
  ]);
}

function withPlace(place: string, params: readonly ParamSpec[]): ParamSpec[] {
  return params.map((spec) => ({ ...spec, name: fullName(place, spec.name) }));
}

function fullName(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`;
}

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

/** What encode and decode run on: a Glow's levels, or levels rewritten from them. */
export type Levels = Pick<Glow, 'levels'>;

/** Latents are standardised, finest level first; log densities [batch] in nats at x, levels summing to `logProb`. */
export interface Encoding<T> {
  readonly latents: T[];
  readonly logProbLevels: T[];
  readonly logProb: T;
}

const LOG_SQRT_2_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * x → z list, with log p(x).
 * @param x batch × channels × height × width in model units; label: batch × classes × 1 × 1 one-hot.
 */
export function encode<T>(glow: Levels, ops: Ops<T>, x: T, weights: FlowWeights<T>, label?: T): Encoding<T> {
  const latents: T[] = [];
  const logProbLevels: T[] = [];
  let h = x;
  glow.levels.forEach((level, l) => {
    let total: LogDet<T> = {};
    for (const { name, layer } of level.layers) {
      const { y, logDet } = layer.forward(within(ops, name), h, weights[name]);
      h = ops.named(y, outputName(name));
      total = addLogDet(ops, total, logDet);
    }
    const { z, rest } = level.split ? splitLatent(ops, level, h) : { z: h, rest: h };
    const prior = level.prior.distribution(
      within(ops, `levels.${l}.prior`),
      weights[`levels.${l}.prior`],
      rest,
      label,
    );
    const latent = prior ? ops.mul(ops.sub(z, prior.mean), ops.exp(ops.scale(prior.logSd, -1))) : z;
    latents.push(latent);
    logProbLevels.push(levelLogProb(ops, level, latent, prior?.logSd, total));
    h = rest;
  });
  return { latents, logProbLevels, logProb: logProbLevels.reduce((sum, level) => ops.add(sum, level)) };
}

/** z list (standardised, finest first) → x. Weights from `inverseWeights`. */
export function decode<T>(
  glow: Levels,
  ops: Ops<T>,
  latents: readonly T[],
  weights: FlowWeights<T>,
  label?: T,
): T {
  let h: T | undefined;
  for (let l = glow.levels.length - 1; l >= 0; l--) {
    const level = glow.levels[l];
    const context = h ?? latents[l];
    const prior = level.prior.distribution(
      within(ops, `levels.${l}.prior`),
      weights[`levels.${l}.prior`],
      context,
      label,
    );
    const z = prior ? ops.add(prior.mean, ops.mul(latents[l], ops.exp(prior.logSd))) : latents[l];
    h = h === undefined ? z : level.split === 'first' ? ops.concat(z, h) : ops.concat(h, z);
    for (const { name, layer } of level.layers.toReversed()) {
      h = ops.named(layer.inverse(within(ops, name), h, weights[name]), inputName(name));
    }
  }
  return h as T;
}

function splitLatent<T>(ops: Ops<T>, level: Level, h: T): { z: T; rest: T } {
  const [first, second] = ops.split(h, level.latentChannels); // both halves have as many channels
  return level.split === 'first' ? { z: first, rest: second } : { z: second, rest: first };
}

function addLogDet<T>(ops: Ops<T>, a: LogDet<T>, b: LogDet<T>): LogDet<T> {
  const sum = (p: T | undefined, q: T | undefined): T | undefined =>
    p === undefined ? q : q === undefined ? p : ops.add(p, q);
  const perPixel = sum(a.perPixel, b.perPixel);
  const elements = sum(a.elements, b.elements);
  return { ...(perPixel === undefined ? {} : { perPixel }), ...(elements === undefined ? {} : { elements }) };
}

/**
 * The level's logDet plus its latent's log density. What logDet has per pixel is spread over the latent's
 * channels and joins the constant of the Gaussian, so that no height or width is needed.
 */
function levelLogProb<T>(ops: Ops<T>, level: Level, latent: T, logSd: T | undefined, logDet: LogDet<T>): T {
  let density = ops.scale(ops.mul(latent, latent), -0.5, -LOG_SQRT_2_PI);
  if (logSd !== undefined) density = ops.sub(density, logSd);
  if (logDet.perPixel !== undefined) {
    density = ops.add(density, ops.scale(logDet.perPixel, 1 / level.latentChannels));
  }
  const sum = ops.sumPerImage(density);
  return logDet.elements === undefined ? sum : ops.add(sum, ops.sumPerImage(logDet.elements));
}

/** Names given inside a layer stand below the layer's own. */
function within<T>(ops: Ops<T>, place: string): Ops<T> {
  return { ...ops, named: (x, name) => ops.named(x, `${place}.${name}`) };
}

/** A step's output carries the step's name: levels.0.steps.3.coupling → levels.0.steps.3.y. */
function outputName(layer: string): string {
  return layer.endsWith('.coupling') ? layer.replace(/coupling$/, 'y') : `${layer}.y`;
}

/** What decode recovers at a layer: its input. levels.0.steps.3.actnorm → levels.0.steps.3.x. */
function inputName(layer: string): string {
  return layer.endsWith('.actnorm') ? layer.replace(/actnorm$/, 'x') : `${layer}.x`;
}
