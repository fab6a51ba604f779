import { createRandom } from '@glow-onnx/flow/random';
import { perLevel } from '../check.js';
import { warnOnce } from '../folder/warn-once.js';
import type { RawImage } from '../pictures/images.js';
import { groupBySize } from './batches.js';
import { type Call, type CallOptions, placesOf, startCall } from './call.js';
import { collect } from './collect.js';
import type { LatentsItem } from './item.js';
import type { Label } from './labels.js';
import { drawLatents, levelShapes } from './latents.js';
import type { ModelParts } from './model-parts.js';
import { decodeBatches } from './run-batches.js';

/** Options of `GlowModel.sample` and `GlowModel.sampleFloats`. */
export interface SampleOptions extends CallOptions {
  /** Images to draw; default 1. */
  readonly count?: number;
  /** Factor on the latents, or one for each level, finest first; default 1. 0.7 to 0.9 gives calmer images. */
  readonly temperature?: number | readonly number[];
  /** An integer from 0 on; default 0. Image i depends on the seed and i alone. */
  readonly seed?: number;
  /** In pixels, divisible by 2^levels; default: the height of the training images. */
  readonly height?: number;
  /** In pixels, divisible by 2^levels; default: the width of the training images. */
  readonly width?: number;
  /** One class for all images, or one for each. Class-conditional models require it, others refuse it. */
  readonly label?: Label;
}

/** For all images of a call together, in bytes: they are held until the last is drawn. */
const largestCall = 2 ** 30;

export async function sample(parts: ModelParts, options: SampleOptions = {}): Promise<RawImage[]> {
  const { call, latents } = drawSamples(parts, 'sample', options);
  const decoded = decodeBatches(parts, call, groupBySize(parts, call, latents));
  return collect(call, decoded, ({ pixels }) => pixels);
}

/** @throws RangeError if an option is out of range. @param where the method, for messages. */
export function drawSamples(
  parts: ModelParts,
  where: 'sample' | 'sampleFloats',
  options: SampleOptions,
): { readonly call: Call; readonly latents: AsyncGenerator<LatentsItem> } {
  const { config } = parts.manifest;
  const { count = 1, temperature = 1, seed = 0 } = options;
  const { height = config.height, width = config.width } = options;
  const temperatures = perLevel(where, 'temperature', temperature, config, 0);
  const { samplesDivergeFrom: from } = parts.manifest;
  if (from !== undefined && Math.max(...temperatures) >= from) {
    const which = from === 0 ? 'at any temperature' : `from temperature ${from} on`;
    warnOnce(
      `${where}: samples of this model are not finite ${which}, as its export found; ` +
        (from === 0 ? 'train it further' : 'pass a lower temperature'),
    );
  }
  for (const [name, side] of Object.entries({ height, width })) {
    const unit = 2 ** config.levels;
    if (side % unit !== 0)
      throw new RangeError(`${where}: ${name} must be divisible by ${unit}, got ${side}`);
  }
  parts.memory.check(where, { height, width }, ['decode'], 'pass a smaller height and width');
  const bytes = where === 'sample' ? 1 : Float32Array.BYTES_PER_ELEMENT;
  const most = Math.floor(largestCall / (height * width * config.channels * bytes));
  if (count > most) {
    const advice = most > 0 ? `draw at most ${most} at once` : 'pass a smaller height and width';
    throw new RangeError(
      `${where}: count: ${count} images of ${height}×${width} are more than 1 GiB; ${advice}`,
    );
  }
  const call = startCall(parts.manifest, where, { length: count }, options, (image) => `image ${image}`);
  const shapes = levelShapes(config, height, width);
  async function* draw(): AsyncGenerator<LatentsItem> {
    for (const place of placesOf(call)) {
      const latents = drawLatents(shapes, temperatures, createRandom(seed, place.image));
      yield { ...place, latents, height, width };
    }
  }
  return { call, latents: draw() };
}
