import { createLifetime } from '../sessions/lifetime.js';
import { applyAttribute, attributeDirection } from './attribute.js';
import { decode, encode, prepare, reconstruct } from './encode-decode.js';
import { interpolate, mix } from './interpolate.js';
import { createMethods } from './methods.js';
import type { GlowModel, OneOrMore } from './model.js';
import type { ModelParts } from './model-parts.js';
import { sample } from './sample.js';
import { bitsPerDim, score } from './score.js';
import type { Method } from './signatures.js';

/** Puts a model together from its opened graphs. Nothing here depends on the platform. */
export function createModel(parts: ModelParts): GlowModel {
  const lifetime = createLifetime(() => parts.graphs.release());
  const methods: Pick<GlowModel, Method> = {
    prepare: (images, options) => prepare(parts, listOf(images), options),
    encode: (images, options) => encode(parts, listOf(images), options),
    decode: (z, options) => decode(parts, listOf(z), options),
    reconstruct: (images, options) => reconstruct(parts, listOf(images), options),
    sample: (options) => sample(parts, options),
    bitsPerDim: (images, options) => bitsPerDim(parts, listOf(images), options),
    score: (images, options) => score(parts, listOf(images), options),
    interpolate: (a, b, options) => interpolate(parts, a, b, options),
    mix: (a, b, levels, options) => mix(parts, a, b, levels, options),
    attributeDirection: (withIt, without, options) =>
      attributeDirection(parts, listOf(withIt), listOf(without), options),
    applyAttribute: (images, direction, strength, options) =>
      applyAttribute(parts, listOf(images), direction, strength, options),
    // Few pages restore images or need a gradient: the code loads when it is first asked for.
    inpaint: async (images, mask, options) =>
      (await import('./restoration.js')).inpaint(parts, listOf(images), listOf(mask), options),
    denoise: async (images, options) =>
      (await import('./restoration.js')).denoise(parts, listOf(images), options),
    enlarge: async (images, options) =>
      (await import('./restoration.js')).enlarge(parts, listOf(images), options),
    logProbGradient: async (images, options) =>
      (await import('./gradient.js')).logProbGradient(parts, listOf(images), options),
    decodeGradient: async (z, cotangent, options) =>
      (await import('./gradient.js')).decodeGradient(parts, listOf(z), listOf(cotangent), options),
  };
  return {
    config: parts.manifest.config,
    manifest: parts.manifest,
    precision: parts.precision,
    device: parts.graphs.device,
    skipped: parts.graphs.skipped,
    selfTest: parts.graphs.selfTest,
    ...createMethods(lifetime, (method, args) =>
      (methods[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args),
    ),
    dispose: lifetime.end,
    [Symbol.asyncDispose]: lifetime.end,
  };
}

function listOf<T>(items: OneOrMore<T>): readonly T[] {
  return Array.isArray(items) ? items : [items as T];
}
