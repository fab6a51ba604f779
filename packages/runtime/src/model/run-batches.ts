import { messageOf } from '../message-of.js';
import type { Session } from '../sessions/create-session.js';
import type { Call } from './call.js';
import { checkAbort } from './check-abort.js';
import {
  type Batch,
  type Failed,
  failedAt,
  type ImageItem,
  type Item,
  isFailed,
  type LatentsItem,
} from './item.js';
import type { ModelParts } from './model-parts.js';
import {
  type DecodedItem,
  decodeBatch,
  type EncodedItem,
  encodeBatch,
  roundTripBatch,
} from './run-graphs.js';

type Stoppable = Pick<Call, 'signal'>;

/** Encodes the images of each batch; latents pass. */
export function encodeBatches(
  parts: ModelParts,
  call: Stoppable,
  batches: AsyncIterable<Batch<ImageItem>>,
): AsyncGenerator<Batch<EncodedItem>>;
export function encodeBatches(
  parts: ModelParts,
  call: Stoppable,
  batches: AsyncIterable<Batch<ImageItem | LatentsItem>>,
): AsyncGenerator<Batch<LatentsItem>>;
export function encodeBatches(
  { manifest: { config }, graphs, memory }: ModelParts,
  call: Stoppable,
  batches: AsyncIterable<Batch<ImageItem | LatentsItem>>,
): AsyncGenerator<Batch<LatentsItem>> {
  const isImage = (item: ImageItem | LatentsItem): item is ImageItem => 'x' in item;
  return runEach(call, batches, isImage, async (images) => {
    memory.note('encode', images);
    return encodeBatch(await graphs.encoder(), config, images);
  });
}

/** Decodes the latents of each batch to pixels. */
export function decodeBatches(
  { manifest: { config }, graphs, memory }: ModelParts,
  call: Stoppable,
  batches: AsyncIterable<Batch<LatentsItem>>,
): AsyncGenerator<Batch<DecodedItem>> {
  return runEach(call, batches, isAny, async (items) => {
    memory.note('decode', items);
    return decodeBatch(await graphs.decoder(), config, items);
  });
}

/** Encodes the images of each batch and decodes them again, their latents left on the device. */
export function roundTripBatches(
  { manifest: { config }, memory }: ModelParts,
  call: Stoppable,
  run: Session['run'],
  batches: AsyncIterable<Batch<ImageItem>>,
): AsyncGenerator<Batch<DecodedItem>> {
  return runEach(call, batches, isAny, (images) => {
    memory.note('encode', images);
    memory.note('decode', images);
    return roundTripBatch({ run }, config, images);
  });
}

export const isAny = <I>(_: I): _ is I => true;

/**
 * A stage that runs a graph on the items of each batch that it takes.
 * A run that fails as a whole fails every image of its batch, and no others.
 * @throws `signal.reason` after a run if the call is aborted.
 */
export async function* runEach<I extends Item, Taken extends I, Out>(
  { signal }: Stoppable,
  batches: AsyncIterable<Batch<I>>,
  takes: (item: I) => item is Taken,
  run: (items: readonly Taken[]) => Promise<readonly (Out | Failed)[]>,
): AsyncGenerator<Batch<Out | Exclude<I, Taken>>> {
  const isTaken = (item: I | Failed): item is Taken => !isFailed(item) && takes(item);
  for await (const batch of batches) {
    const items = batch.filter(isTaken);
    let outcomes: Iterator<Out | Failed>;
    try {
      outcomes = (items.length > 0 ? await run(items) : []).values();
    } catch (cause) {
      await checkAbort(signal);
      yield batch.map((item) => failedAt(item, new Error(`${item.where}: ${messageOf(cause)}`, { cause })));
      continue;
    }
    await checkAbort(signal);
    yield batch.map((item) => (isTaken(item) ? outcomes.next().value : item));
  }
}
