import type { GlowConfig } from '@glow-onnx/flow/manifest';

/** What one batch's intermediate values may take, about; a few times the caches of a CPU gain nothing. */
const budgetBytes = 256 * 2 ** 20;
const largestBatch = 64;

/**
 * Images of this size to run at once. The most memory goes to a conditioner at the finest level: two hidden
 * images and a few of the flow's own, each with a quarter of the pixels, in float32.
 * For 32×32 with 512 hidden channels: 64; for 256×256: 3.
 */
export function defaultBatchSize(
  config: Pick<GlowConfig, 'channels' | 'hiddenChannels'>,
  height: number,
  width: number,
): number {
  const values = ((height * width) / 4) * (2 * config.hiddenChannels + 6 * 4 * config.channels);
  return Math.min(Math.max(Math.floor(budgetBytes / (4 * values)), 1), largestBatch);
}

/**
 * Runs items together that share a key, at most `limitOf(item)` at a time, as they come, so that only waiting
 * ones are held. Results are in the order of the items.
 */
export async function mapBatches<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  keyOf: (item: Item) => string,
  limitOf: (item: Item) => number,
  run: (batch: readonly Item[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = new Map<string, { item: Item; index: number }[]>();
  const flush = async (batch: { item: Item; index: number }[]) => {
    const batchResults = await run(batch.map(({ item }) => item));
    for (const [i, { index }] of batch.entries()) results[index] = batchResults[i] as Result;
  };
  let count = 0;
  for await (const item of items) {
    const key = keyOf(item);
    const batch = waiting.get(key) ?? [];
    waiting.set(key, batch);
    batch.push({ item, index: count++ });
    if (batch.length >= limitOf(item)) {
      waiting.delete(key);
      await flush(batch);
    }
  }
  for (const batch of waiting.values()) await flush(batch);
  return results;
}
