import type { GlowConfig } from '@glow-onnx/flow/manifest';

/** For one batch's intermediate values by the estimate below; ONNX Runtime was seen to take 2 to 5 times that. */
const budgetBytes = 64 * 2 ** 20;
/** Beyond it, speed gains nothing. */
const largestBatch = 64;

/**
 * Images of this size to run at once. The most memory goes to a conditioner at the finest level: two hidden
 * images and a few of the flow's own, each with a quarter of the pixels, in float32.
 * For 32×32 RGB with 512 hidden channels: 59; for 128×128: 3.
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
