import { failureOf } from './batch-error.js';
import type { Call } from './call.js';
import { type Batch, isFailed } from './item.js';

/**
 * The last stage: one result for each image of the call, in the order of the call.
 * @param resultOf what to keep of an image.
 * @throws the image's error if the call has one image only, else BatchError once all images have run.
 */
export async function collect<I extends { readonly image: number }, Result>(
  call: Call,
  batches: AsyncIterable<Batch<I>>,
  resultOf: (item: I) => Result,
): Promise<Result[]> {
  const { count: total, onProgress } = call;
  const results = new Array<Result | undefined>(total).fill(undefined);
  const failures = new Map<number, Error>();
  let done = 0;
  for await (const batch of batches) {
    for (const item of batch) {
      if (failures.has(item.image)) continue; // another draw of it failed before
      if (isFailed(item)) failures.set(item.image, item.error);
      else results[item.image] = resultOf(item);
      done++;
    }
    onProgress?.({ done, total });
  }
  if (failures.size > 0) throw failureOf(call, failures, results);
  return results as Result[];
}
