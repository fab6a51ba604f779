import { type Glow, type Level, splitLatent } from './glow.js';
import type { LogDet } from './layer.js';
import type { Ops } from './ops.js';
import type { FlowWeights } from './weights.js';

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
  if (latents.length !== glow.levels.length) {
    throw new RangeError(
      `decode: expected ${glow.levels.length} latents, finest first, got ${latents.length}`,
    );
  }
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

/** What `encode` names a layer's output; a step's carries the step's: levels.0.steps.3.coupling → levels.0.steps.3.y. */
export function outputName(layer: string): string {
  return layer.endsWith('.coupling') ? layer.replace(/coupling$/, 'y') : `${layer}.y`;
}

/** What decode recovers at a layer: its input. levels.0.steps.3.actnorm → levels.0.steps.3.x. */
function inputName(layer: string): string {
  return layer.endsWith('.actnorm') ? layer.replace(/actnorm$/, 'x') : `${layer}.x`;
}
