import { type Batch, type Failed, isFailed } from './item.js';

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
