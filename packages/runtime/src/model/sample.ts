import { createRandom } from '@glow-onnx/flow/random';
import { checkInteger, perLevel } from '../check.js';
import type { RawImage } from '../pictures/images.js';
import type { CallOptions } from './batches.js';
import type { Label } from './labels.js';
import { labelsFor } from './labels.js';
import { drawLatents, levelShapes } from './latents.js';
import { type ModelParts, only, pixelsOf, runPass } from './passes.js';

export interface SampleOptions extends CallOptions {
  /** Default 1. */
  readonly count?: number;
  /** Factor on the latents, or one per level, finest first; default 1. 0.7 to 0.9 gives calmer pictures. */
  readonly temperature?: number | readonly number[];
  /** Default 0. Image i depends on seed and i alone. */
  readonly seed?: number;
  /** Default: the training pictures' size. */
  readonly height?: number;
  readonly width?: number;
  readonly label?: Label;
}

/** Of all pictures of a call together: they are held until the last is drawn. */
const largestCall = 2 ** 30;

export async function sample(parts: ModelParts, options: SampleOptions = {}): Promise<RawImage[]> {
  const where = 'sample';
  const { config } = parts.manifest;
  const { count = 1, temperature = 1, seed = 0, label, onProgress, signal } = options;
  const { height = config.height, width = config.width } = options;
  checkInteger(where, 'count', count, 0);
  checkInteger(where, 'seed', seed, 0);
  const temperatures = perLevel(where, 'temperature', temperature, config, 0);
  for (const [name, side] of Object.entries({ height, width })) {
    checkInteger(where, name, side, 1);
    const unit = 2 ** config.levels;
    if (side % unit !== 0)
      throw new RangeError(`${where}: ${name} must be divisible by ${unit}, got ${side}`);
  }
  const most = Math.floor(largestCall / (height * width * config.channels));
  if (count > most) {
    throw new RangeError(
      `${where}: count: ${count} pictures of ${height}×${width} are more than 1 GiB; draw at most ${most} at once`,
    );
  }
  const labels = labelsFor(parts.manifest, label, count, where);
  const shapes = levelShapes(config, height, width);
  const nameOf = (image: number) => `image ${image}`;
  function* itemsOf(image: number) {
    const latents = drawLatents(shapes, temperatures, createRandom(seed, image));
    yield { latents, height, width, where: `${where}: ${nameOf(image)}`, label: labels?.[image] };
  }
  return runPass(parts, {
    where,
    count,
    nameOf,
    itemsOf,
    run: (batch) => pixelsOf(parts, batch),
    combine: only,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
}
