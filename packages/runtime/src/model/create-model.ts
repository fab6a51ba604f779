import { takesPixels } from '@glow-onnx/flow/pixels';
import { createLifetime } from '../sessions/lifetime.js';
import { decode, encode, prepare, reconstruct } from './encode-decode.js';
import { createMethods } from './methods.js';
import type { GlowModel, OneOrMore } from './model.js';
import type { ModelParts } from './model-parts.js';
import { refusePixels } from './pixels-only.js';
import { sample } from './sample.js';
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
    // A page needs few of these: the code of each loads when it is first asked for.
    bitsPerDim: async (images, options) =>
      (await import('./score.js')).bitsPerDim(parts, listOf(images), options),
    score: async (images, options) => (await import('./score.js')).score(parts, listOf(images), options),
    calibrate: async (images, options) =>
      (await import('./calibrate.js')).calibrate(parts, listOf(images), options),
    surprise: async (images, options) =>
      (await import('./surprise.js')).surprise(parts, listOf(images), options),
    interpolate: async (a, b, options) =>
      (await import('./interpolate.js')).interpolate(parts, a, b, options),
    mix: async (a, b, levels, options) =>
      (await import('./interpolate.js')).mix(parts, a, b, levels, options),
    attributeDirection: async (withIt, without, options) =>
      (await import('./attribute.js')).attributeDirection(parts, listOf(withIt), listOf(without), options),
    applyAttribute: async (images, direction, strength, options) =>
      (await import('./attribute.js')).applyAttribute(parts, listOf(images), direction, strength, options),
    inpaint: async (images, mask, options) =>
      (await import('./restoration.js')).inpaint(parts, listOf(images), listOf(mask), options),
    denoise: async (images, options) =>
      (await import('./restoration.js')).denoise(parts, listOf(images), options),
    enlarge: async (images, options) =>
      (await import('./restoration.js')).enlarge(parts, listOf(images), options),
    features: async (images, options) =>
      (await import('./features.js')).features(parts, listOf(images), options),
    decodeFloats: async (z, options) =>
      (await import('./decode-floats.js')).decodeFloats(parts, listOf(z), options),
    sampleFloats: async (options) => (await import('./decode-floats.js')).sampleFloats(parts, options),
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
    ...createMethods(lifetime, async (method, args) => {
      if (!takesPixels(parts.manifest.config)) refusePixels(method);
      return (methods[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
    }),
    dispose: lifetime.end,
    [Symbol.asyncDispose]: lifetime.end,
  };
}

function listOf<T>(items: OneOrMore<T>): readonly T[] {
  return Array.isArray(items) ? items : [items as T];
}
