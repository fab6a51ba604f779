import type { Place } from './call.js';
import type { Latents } from './latents.js';

/** An image on its way through the model. */
export interface Item extends Place {
  readonly height: number;
  readonly width: number;
}

/** An image as the encode graph takes it: x in channels × height × width. */
export interface ImageItem extends Item {
  readonly x: Float32Array;
}

export interface LatentsItem extends Item {
  readonly latents: Latents;
}

/** An image that has failed. The stages after it let it pass. */
export interface Failed extends Place {
  readonly error: Error;
}

/** What one stage hands to the next at a time: the images of one run, or one image that has failed. */
export type Batch<T> = readonly (T | Failed)[];

export function isFailed(item: object): item is Failed {
  return 'error' in item;
}

export function failedAt({ image, where, label }: Place, error: unknown): Failed {
  const reason = error instanceof Error ? error : new Error(`${where}: ${String(error)}`);
  return { image, where, label, error: reason };
}

/** A stage that changes each image by itself, or finds that it fails. */
export async function* mapItems<A extends object, B>(
  batches: AsyncIterable<Batch<A>>,
  change: (item: A) => B | Failed,
): AsyncGenerator<Batch<B>> {
  for await (const batch of batches) {
    yield batch.map((item) => (isFailed(item) ? item : change(item)));
  }
}
