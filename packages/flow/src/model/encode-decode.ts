import type { Ops } from '../arithmetic/ops.js';
import type { Dequantised, NoisyPixels } from '../layers/dequantiser.js';
import type { LogDet } from '../layers/layer.js';
import { type Glow, type Level, splitLatent } from './glow.js';
import type { FlowWeights } from './weights.js';

/** The result of `encode`. */
export interface Encoding<T> {
  /** z of each level, finest first: batch × latentChannels × height × width. Standardised: N(0, I) under the model. */
  readonly latents: T[];
  /** The part of each level in `logProb`: [batch], nats. */
  readonly logProbLevels: T[];
  /** log p(x): [batch], nats. */
  readonly logProb: T;
}

const LOG_SQRT_2_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * Encodes images: x → z of every level, and log p(x).
 * @param x batch × channels × height × width, in model units −½ … ½; 2^levels divides height and width.
 * @param weights of `forwardWeights`.
 * @param label one-hot, batch × classes × 1 × 1, for a class-conditional model.
 * Source: Kingma & Dhariwal 2018, §2.
 * @example
 * const { latents, logProb } = encode(glow, float64Ops, x, forwardWeights(glow, float64Ops, params));
 */
export function encode<T>(
  glow: Pick<Glow, 'levels'>,
  ops: Ops<T>,
  x: T,
  weights: FlowWeights<T>,
  label?: T,
): Encoding<T> {
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

/**
 * The images that a model scores: x as it is given, or x that the dequantiser makes from bins and noise.
 * @param weights of `forwardWeights`.
 * @throws TypeError if pixels with noise are given to a model without a dequantiser.
 * @example
 * const glow = createGlow(config, 'variational');
 * const { x, logDensity } = dequantise(glow, float64Ops, { centre, noise }, weights);
 */
export function dequantise<T>(
  { dequantiser }: Pick<Glow, 'dequantiser'>,
  ops: Ops<T>,
  images: { readonly x: T } | NoisyPixels<T>,
  weights: FlowWeights<T>,
): Dequantised<T> {
  if ('x' in images) return images;
  if (dequantiser) return dequantiser.dequantise(ops, images, weights);
  throw new TypeError(
    'dequantise: the model has no dequantiser; make it with createGlow(config, "variational")',
  );
}

/**
 * The terms of the bound that training raises, log p(x) − log q(u | image), whose mean over the noise is at most the log
 * probability of the image's bins, up to the constant of their width. The finest level's part has the term of the noise.
 * @param label one-hot, batch × classes × 1 × 1, for a class-conditional model.
 * Source: Ho et al. 2019, §3.1; Theis, van den Oord & Bethge 2016, §3.1 (uniform noise).
 * @example
 * const { logProb } = encodeDequantised(glow, float64Ops, { x, logDensity }, weights);
 */
export function encodeDequantised<T>(
  glow: Pick<Glow, 'levels'>,
  ops: Ops<T>,
  { x, logDensity }: Dequantised<T>,
  weights: FlowWeights<T>,
  label?: T,
): Encoding<T> {
  const encoding = encode(glow, ops, x, weights, label);
  if (logDensity === undefined) return encoding;
  const [finest, ...others] = encoding.logProbLevels;
  return {
    ...encoding,
    logProbLevels: [ops.sub(finest, logDensity), ...others],
    logProb: ops.sub(encoding.logProb, logDensity),
  };
}

/**
 * Decodes latents: z of every level → x, the inverse of `encode`.
 * @param latents standardised, finest level first, with the shapes of `latentShapes`.
 * @param weights of `inverseWeights`.
 * @param label one-hot, batch × classes × 1 × 1, for a class-conditional model.
 * @returns x, batch × channels × height × width, in model units.
 * @throws RangeError if the number of latents is not the number of levels.
 * @example
 * const x = decode(glow, float64Ops, latents, inverseWeights(glow, params));
 */
export function decode<T>(
  glow: Pick<Glow, 'levels'>,
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
  const perImage = sum(a.perImage, b.perImage);
  return {
    ...(perPixel === undefined ? {} : { perPixel }),
    ...(elements === undefined ? {} : { elements }),
    ...(perImage === undefined ? {} : { perImage }),
  };
}

/**
 * The level's logDet plus the log density of its latent. The per-pixel part of logDet is divided among the latent's
 * channels and added to the constant of the Gaussian, so the sum needs no height or width.
 */
function levelLogProb<T>(ops: Ops<T>, level: Level, latent: T, logSd: T | undefined, logDet: LogDet<T>): T {
  let density = ops.scale(ops.mul(latent, latent), -0.5, -LOG_SQRT_2_PI);
  if (logSd !== undefined) density = ops.sub(density, logSd);
  if (logDet.perPixel !== undefined) {
    density = ops.add(density, ops.scale(logDet.perPixel, 1 / level.latentChannels));
  }
  const parts = [ops.sumPerImage(density)];
  if (logDet.elements !== undefined) parts.push(ops.sumPerImage(logDet.elements));
  if (logDet.perImage !== undefined) parts.push(logDet.perImage);
  return parts.reduce((sum, part) => ops.add(sum, part));
}

/** Adds the layer's name before every name that is given inside the layer. */
function within<T>(ops: Ops<T>, place: string): Ops<T> {
  return { ...ops, named: (x, name) => ops.named(x, `${place}.${name}`) };
}

/**
 * The name of a layer's output in `encode`. The last layer of a step names the step: levels.0.steps.3.coupling →
 * levels.0.steps.3.y.
 */
export function outputName(layer: string): string {
  return layer.endsWith('.coupling') ? layer.replace(/coupling$/, 'y') : `${layer}.y`;
}

/**
 * The name of a layer's input in `decode`. The first layer of a step names the step: levels.0.steps.3.actnorm →
 * levels.0.steps.3.x.
 */
function inputName(layer: string): string {
  return layer.endsWith('.actnorm') ? layer.replace(/actnorm$/, 'x') : `${layer}.x`;
}
