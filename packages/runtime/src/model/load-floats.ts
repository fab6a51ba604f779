import { describe, type GlowConfig } from '@glow-onnx/flow/manifest';
import { findNotFinite } from '../check.js';
import { fits } from '../pictures/fits.js';
import type { ImageInput } from '../pictures/input.js';
import { type Call, type FitOptions, type Place, placesOf } from './call.js';
import { type FloatImage, isFloatImage } from './float-image.js';
import { type Failed, failedAt, type ImageItem, type Item } from './item.js';
import { loadOne } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';

/** @throws TypeError or RangeError if it is not an image that the model takes. */
export function takeFloatImage(
  { channels, levels }: Pick<GlowConfig, 'channels' | 'levels'>,
  input: FloatImage,
  place: Place,
): ImageItem {
  const { where } = place;
  if (!isFloatImage(input)) {
    throw new TypeError(`${where}: expected { shape, data }, got ${describe(input)}`);
  }
  const { shape, data } = input;
  const [own, height, width] = shape ?? [];
  const sides = [height, width].every(
    (side) => Number.isInteger(side) && side > 0 && side % 2 ** levels === 0,
  );
  if (!Array.isArray(shape) || shape.length !== 3 || own !== channels || !sides) {
    throw new RangeError(
      `${where}: expected the shape [${channels}, height, width], both divisible by ${2 ** levels}, got [${shape}]`,
    );
  }
  const size = channels * height * width;
  if (!(data instanceof Float32Array) || data.length !== size) {
    const got = data instanceof Float32Array ? `${data.length} numbers` : typeof data;
    throw new TypeError(`${where}: expected data, a Float32Array of ${size} numbers, got ${got}`);
  }
  const bad = findNotFinite(data);
  if (bad >= 0) throw new RangeError(`${where}: data holds ${data[bad]} at ${bad}; it must be finite`);
  return { ...place, x: data, height, width };
}

/** Loads the images of a call one by one, of which any may be given as numbers. */
export async function* loadFloats(
  parts: ModelParts,
  call: Call,
  images: readonly (ImageInput | FloatImage)[],
  { fit = fits[0] }: Pick<FitOptions, 'fit'>,
): AsyncGenerator<ImageItem | Failed> {
  for (const place of placesOf(call)) {
    const input = images[place.image] as ImageInput | FloatImage;
    if (isFloatImage(input)) {
      yield checkedItem(place, () => {
        const item = takeFloatImage(parts.manifest.config, input, place);
        parts.memory.check(place.where, item, ['encode'], 'pass a smaller image');
        return item;
      });
    } else {
      for (const item of await loadOne(parts, call, place, input, { fit }, ['encode'])) yield item;
    }
  }
}

/** The item, or its failure if it cannot be taken. */
export function checkedItem<I extends Item>(
  place: Pick<Item, 'image' | 'where' | 'label'>,
  take: () => I,
): I | Failed {
  try {
    return take();
  } catch (error) {
    return failedAt(place, error);
  }
}
