import { createLifetime } from '../sessions/lifetime.js';
import { applyAttribute, attributeDirection } from './attribute.js';
import { decode, encode, prepare, reconstruct } from './encode-decode.js';
import { interpolate, mix } from './interpolate.js';
import type { GlowModel, OneOrMore } from './model.js';
import type { ModelParts } from './model-parts.js';
import { sample } from './sample.js';
import { bitsPerDim, score } from './score.js';

/** Puts a model together from its opened graphs. Nothing here depends on the platform. */
export function createModel(parts: ModelParts): GlowModel {
  const lifetime = createLifetime(() => parts.graphs.release());
  const call = <T>(name: string, start: () => Promise<T>): Promise<T> =>
    lifetime.during(start, `${name}: this model is disposed; load it again`);
  return {
    config: parts.manifest.config,
    manifest: parts.manifest,
    precision: parts.precision,
    device: parts.graphs.device,
    skipped: parts.graphs.skipped,
    selfTest: parts.graphs.selfTest,
    prepare: (images, options) => call('prepare', () => prepare(parts, listOf(images), options)),
    encode: (images, options) => call('encode', () => encode(parts, listOf(images), options)),
    decode: (z, options) => call('decode', () => decode(parts, listOf(z), options)),
    reconstruct: (images, options) => call('reconstruct', () => reconstruct(parts, listOf(images), options)),
    sample: (options) => call('sample', () => sample(parts, options)),
    bitsPerDim: (images, options) => call('bitsPerDim', () => bitsPerDim(parts, listOf(images), options)),
    score: (images, options) => call('score', () => score(parts, listOf(images), options)),
    interpolate: (a, b, options) => call('interpolate', () => interpolate(parts, a, b, options)),
    mix: (a, b, levels, options) => call('mix', () => mix(parts, a, b, levels, options)),
    attributeDirection: (withIt, without, options) =>
      call('attributeDirection', () => attributeDirection(parts, listOf(withIt), listOf(without), options)),
    applyAttribute: (images, direction, strength, options) =>
      call('applyAttribute', () => applyAttribute(parts, listOf(images), direction, strength, options)),
    inpaint: (images, mask, options) =>
      call('inpaint', async () => {
        const { inpaint } = await import('./restoration.js');
        return inpaint(parts, listOf(images), listOf(mask), options);
      }),
    denoise: (images, options) =>
      call('denoise', async () => {
        const { denoise } = await import('./restoration.js');
        return denoise(parts, listOf(images), options);
      }),
    enlarge: (images, options) =>
      call('enlarge', async () => {
        const { enlarge } = await import('./restoration.js');
        return enlarge(parts, listOf(images), options);
      }),
    logProbGradient: (images, options) =>
      call('logProbGradient', async () => {
        const { logProbGradient } = await import('./gradient.js');
        return logProbGradient(parts, listOf(images), options);
      }),
    decodeGradient: (z, cotangent, options) =>
      call('decodeGradient', async () => {
        const { decodeGradient } = await import('./gradient.js');
        return decodeGradient(parts, listOf(z), listOf(cotangent), options);
      }),
    dispose: lifetime.end,
    [Symbol.asyncDispose]: lifetime.end,
  };
}

function listOf<T>(items: OneOrMore<T>): readonly T[] {
  return Array.isArray(items) ? items : [items as T];
}
