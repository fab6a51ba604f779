import { pixelToBin } from '@glow-onnx/flow/pixels';
import type { RawImage } from '../pictures/images.js';
import { type Batch, type Failed, isFailed } from './item.js';

/**
 * The random stream of an image's draws. It is that of all images of the same bins, so that a score does not depend on
 * the other images of a call. Source: Fowler, Noll & Vo, FNV-1a (RFC 9923), 32 bits.
 */
export function streamOf({ data }: RawImage, bits: number): number {
  let hash = 0x811c9dc5;
  for (const pixel of data) hash = Math.imul(hash ^ pixelToBin(pixel, bits), 0x01000193);
  return hash >>> 0;
}

/** An image with the values of all its draws. */
export interface Drawn<Value> {
  readonly image: number;
  readonly values: readonly Value[];
}

/**
 * A stage that gathers the values of an image's draws. An image goes on when its last draw is there: all its draws
 * have one size, so they come in their order.
 */
export async function* gatherDraws<Value>(
  batches: AsyncIterable<Batch<{ readonly image: number; readonly value: Value }>>,
  draws: number,
): AsyncGenerator<Batch<Drawn<Value>>> {
  const unfinished = new Map<number, Value[]>();
  for await (const batch of batches) {
    yield batch.flatMap<Drawn<Value> | Failed>((item) => {
      if (isFailed(item)) return [item];
      const { image, value } = item;
      const values = unfinished.get(image) ?? [];
      unfinished.set(image, values);
      values.push(value);
      if (values.length < draws) return [];
      unfinished.delete(image);
      return [{ image, values }];
    });
  }
}
