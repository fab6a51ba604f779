import { messageOf } from '../message-of.js';
import { groupBySize } from './batches.js';
import type { Call } from './call.js';
import { checkAbort } from './check-abort.js';
import { withGradientMemory } from './gradient.js';
import { type Batch, type Failed, failedAt, type ImageItem, isFailed } from './item.js';
import type { ModelParts } from './model-parts.js';
import { encodeGradientBatch } from './run-gradients.js';

/**
 * Groups images by size, and notes the length of ∂ log p/∂x of each at its first draw, in nats per unit of x. An image
 * whose gradient is not finite fails.
 */
export async function* noteGradientNorms(
  parts: ModelParts,
  call: Call,
  items: AsyncIterable<ImageItem | Failed>,
  norms: Map<number, number>,
): AsyncGenerator<Batch<ImageItem>> {
  const { config } = parts.manifest;
  const graph = await parts.graphs.gradient('encode');
  const batches = groupBySize(withGradientMemory(parts, graph.bytesPerPixel), call, items);
  for await (const batch of batches) {
    const first = new Map<number, ImageItem>();
    for (const item of batch) {
      if (!isFailed(item) && !norms.has(item.image) && !first.has(item.image)) first.set(item.image, item);
    }
    const fresh = [...first.values()];
    const failed = new Map<number, Failed>();
    const results = fresh.length > 0 ? await run(fresh) : [];
    for (const result of results) {
      if (isFailed(result)) failed.set(result.image, result);
      else norms.set(result.image, Math.hypot(...result.gradient.data));
    }
    await checkAbort(call.signal);
    yield batch.map((item) => failed.get(item.image) ?? item);
  }

  async function run(fresh: readonly ImageItem[]) {
    try {
      return await encodeGradientBatch(graph, config, fresh);
    } catch (cause) {
      const reason = messageOf(cause);
      return fresh.map((item) => failedAt(item, new Error(`${item.where}: ${reason}`, { cause })));
    }
  }
}
