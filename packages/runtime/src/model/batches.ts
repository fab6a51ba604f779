import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { Call } from './call.js';
import { checkAbort } from './check-abort.js';
import { batchBytes, bytesPerPixel } from './cost.js';
import { type Batch, type Failed, type Item, isFailed } from './item.js';
import type { MemoryBudget } from './memory-budget.js';
import type { ModelParts } from './model-parts.js';

/** Larger batches are no faster. */
const largestBatch = 64;

/** Images of this size to run at once. For 32×32 RGB with 512 hidden channels: 59; for 128×128: 3. */
export function defaultBatchSize(
  config: Pick<GlowConfig, 'channels' | 'hiddenChannels'>,
  height: number,
  width: number,
): number {
  const bytes = height * width * bytesPerPixel(config);
  return Math.min(Math.max(Math.floor(batchBytes / bytes), 1), largestBatch);
}

/**
 * Groups images of one size into batches, as many as the memory budget allows. A batch goes on as soon as it is full,
 * so a call holds the images that wait for their batch and one batch in each stage. An image that has failed goes on at
 * once.
 * @param kindOf what the images of a batch share besides their size.
 * @throws `signal.reason` before a batch if the call is aborted.
 */
export async function* groupBySize<I extends Item>(
  {
    manifest: { config },
    batchSize,
    memory,
  }: Pick<ModelParts, 'manifest' | 'batchSize'> & { readonly memory: Pick<MemoryBudget, 'most'> },
  { signal }: Pick<Call, 'signal'>,
  items: AsyncIterable<I | Failed>,
  kindOf: (item: I) => string = () => '',
): AsyncGenerator<Batch<I>> {
  const waiting = new Map<string, I[]>();
  let isFirst = true;
  const mayRun = async () => {
    if (isFirst) signal?.throwIfAborted();
    else await checkAbort(signal);
    isFirst = false;
  };
  for await (const item of items) {
    if (isFailed(item)) {
      yield [item];
      continue;
    }
    const { height, width } = item;
    const key = `${height}×${width} ${kindOf(item)}`;
    const batch = waiting.get(key) ?? [];
    waiting.set(key, batch);
    batch.push(item);
    const full = memory.most(item, batchSize ?? defaultBatchSize(config, height, width));
    if (batch.length < full) continue;
    waiting.delete(key);
    await mayRun();
    yield batch;
  }
  for (const batch of waiting.values()) {
    await mayRun();
    yield batch;
  }
}
