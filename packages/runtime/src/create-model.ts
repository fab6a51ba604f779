import { bitsPerDimension } from '@glow-onnx/flow/pixels';
import { createRandom } from '@glow-onnx/flow/random';
import { checkSize } from './fit.js';
import type { EncodedImage } from './graphs.js';
import type { ImageInput } from './images.js';
import { checkLatents, drawLatents, type Latents, latentPath, levelShapes } from './latents.js';
import type { GlowModel, InterpolateOptions, OneOrMore, SampleOptions, ScoreOptions } from './model.js';
import type { EncodeOptions } from './model-images.js';
import { decodePass, encodePass, type ModelParts } from './passes.js';

/** Puts a model together from its opened graphs. Nothing here depends on the platform. */
export function createModel(parts: ModelParts): GlowModel {
  const underWay = new Set<Promise<unknown>>();
  let disposal: Promise<void> | undefined;

  async function call<T>(where: string, start: () => Promise<T>): Promise<T> {
    if (disposal) throw new Error(`${where}: this model is disposed; load it again`);
    const result = start();
    underWay.add(result);
    try {
      return await result;
    } finally {
      underWay.delete(result);
    }
  }

  async function release(): Promise<void> {
    await Promise.allSettled(underWay);
    await parts.graphs.release();
  }
  const dispose = () => {
    disposal ??= release();
    return disposal;
  };

  return {
    config: parts.manifest.config,
    manifest: parts.manifest,
    device: parts.graphs.device,
    skipped: parts.graphs.skipped,
    encode: (images, options) => call('encode', () => encode(parts, listOf(images), options)),
    bitsPerDim: (images, options) => call('bitsPerDim', () => score(parts, listOf(images), options)),
    decode: (z, options) => call('decode', () => decode(parts, 'decode', listOf(z), options)),
    sample: (options) => call('sample', () => sample(parts, options)),
    interpolate: (a, b, options) => call('interpolate', () => interpolate(parts, a, b, options)),
    reconstruct: (images, options) => call('reconstruct', () => reconstruct(parts, listOf(images), options)),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

async function encode(parts: ModelParts, images: readonly ImageInput[], options?: EncodeOptions) {
  const encoded = await encodeCentres(parts, 'encode', images, options);
  return { z: encoded.map(({ latents }) => latents), logProb: encoded.map(({ logProb }) => logProb) };
}

async function decode(
  parts: ModelParts,
  where: string,
  latents: readonly Latents[],
  { label }: Pick<EncodeOptions, 'label'> = {},
) {
  return decodePass(parts, { latents, count: latents.length, label, where });
}

async function reconstruct(parts: ModelParts, images: readonly ImageInput[], options?: EncodeOptions) {
  const where = 'reconstruct';
  const encoded = await encodeCentres(parts, where, images, options);
  const latents = encoded.map((image) => image.latents);
  return decode(parts, where, latents, options);
}

function encodeCentres(
  parts: ModelParts,
  where: string,
  images: readonly ImageInput[],
  options: EncodeOptions = {},
): Promise<EncodedImage[]> {
  const centre = () => 0.5;
  const request = { images, options, draws: 1, startDraws: () => centre, where };
  return encodePass(parts, request, (encoded) => encoded);
}

async function score(
  parts: ModelParts,
  images: readonly ImageInput[],
  { draws = 8, seed = 0, ...options }: ScoreOptions = {},
): Promise<number[]> {
  const where = 'bitsPerDim';
  checkInteger(where, 'draws', draws, 1);
  const startDraws = (image: number) => createRandom(seed, image).uniform;
  const request = { images, options, draws, startDraws, where };
  const { bits } = parts.manifest.config;
  const scores = await encodePass(parts, request, ({ logProb }, { x }) =>
    bitsPerDimension(logProb, x.length, bits),
  );
  return images.map((_, image) => {
    const ofImage = scores.slice(image * draws, (image + 1) * draws);
    return ofImage.reduce((sum, value) => sum + value, 0) / draws;
  });
}

async function sample(parts: ModelParts, options: SampleOptions = {}) {
  const where = 'sample';
  const { config } = parts.manifest;
  const { count = 1, temperature = 1, seed = 0, label } = options;
  const { height = config.height, width = config.width } = options;
  checkInteger(where, 'count', count, 0);
  if (!Number.isFinite(temperature) || temperature < 0) {
    throw new RangeError(`${where}: temperature must be a number from 0 on, got ${temperature}`);
  }
  checkSize(height, width, config.levels, where);
  const shapes = levelShapes(config, height, width);
  function* draw() {
    for (let image = 0; image < count; image++) {
      yield drawLatents(shapes, temperature, createRandom(seed, image));
    }
  }
  return decodePass(parts, { latents: draw(), count, label, where });
}

async function interpolate(
  parts: ModelParts,
  a: ImageInput | Latents,
  b: ImageInput | Latents,
  { steps = 8, mode = 'linear', ...options }: InterpolateOptions = {},
) {
  const where = 'interpolate';
  checkInteger(where, 'steps', steps, 2);
  if (mode !== 'linear' && mode !== 'spherical') {
    throw new RangeError(`${where}: mode must be "linear" or "spherical", got ${JSON.stringify(mode)}`);
  }
  const toLatents = async (end: ImageInput | Latents, name: string) => {
    if (typeof end === 'object' && 'levels' in end) return end;
    const [encoded] = await encodeCentres(parts, `${where}: ${name}`, [end], options);
    return (encoded as EncodedImage).latents;
  };
  const [from, to] = [await toLatents(a, 'a'), await toLatents(b, 'b')];
  const { config } = parts.manifest;
  const [sizeA, sizeB] = [checkLatents(config, from, `${where}: a`), checkLatents(config, to, `${where}: b`)];
  if (sizeA.height !== sizeB.height || sizeA.width !== sizeB.width) {
    throw new RangeError(
      `${where}: a is ${sizeA.height}×${sizeA.width} and b is ${sizeB.height}×${sizeB.width}; ` +
        'bring them to one size',
    );
  }
  return decode(parts, where, latentPath(from, to, steps, mode), options);
}

function listOf<T>(items: OneOrMore<T>): readonly T[] {
  return Array.isArray(items) ? items : [items as T];
}

function checkInteger(where: string, name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${where}: ${name} must be an integer from ${least} on, got ${value}`);
  }
}
