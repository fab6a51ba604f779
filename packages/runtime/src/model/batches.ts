import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { failureOf } from './batch-error.js';

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

/** What every call that runs the model takes. */
export interface CallOptions {
  /** Told after each batch how many of the call's images are done. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Looked at between batches; the call then rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface BatchPlan<Item, Outcome, Result> extends CallOptions {
  /** The call, which an error's message starts with. */
  readonly where: string;
  readonly count: number;
  /** What messages call an image of the call. */
  readonly nameOf: (image: number) => string;
  /** Items that an image is run as; default 1. */
  readonly draws?: number;
  /** An image's items, made as they are asked for, or why it has none; never rejects. */
  readonly itemsOf: (image: number) => Iterable<Item | Error> | Promise<Iterable<Item | Error>>;
  /** Items of one key run together, */
  readonly keyOf: (item: Item) => string;
  /** and at most so many. */
  readonly limitOf: (item: Item) => number;
  /** What each item gives, in their order, or why it failed; rejects if all of them did. */
  readonly run: (batch: readonly Item[]) => Promise<readonly (Outcome | Error)[]>;
  /** An image's result from those of its draws. */
  readonly combine: (outcomes: readonly Outcome[], image: number) => Result;
}

/**
 * Runs a call's images in batches as they come, so that only waiting ones are held, and gives one result for
 * each image. One that fails does not keep others from running.
 * @throws the image's error if the call has only this one, else BatchError once all others have run;
 *   `signal.reason` when aborted.
 */
export async function mapBatches<Item, Outcome, Result>(
  plan: BatchPlan<Item, Outcome, Result>,
): Promise<Result[]> {
  const { count, draws = 1, itemsOf, keyOf, limitOf, combine, signal } = plan;
  const results = new Array<Result | undefined>(count).fill(undefined);
  const outcomes = new Map<number, Outcome[]>();
  const failures = new Map<number, Error>();
  const waiting = new Map<string, Waiting<Item>[]>();
  let done = 0;

  const settle = (image: number, draw: number, outcome: Outcome | Error) => {
    if (failures.has(image)) return;
    if (outcome instanceof Error) {
      failures.set(image, outcome);
      done++;
      return;
    }
    const ofImage = outcomes.get(image) ?? [];
    ofImage[draw] = outcome;
    outcomes.set(image, ofImage);
    if (draw < draws - 1) return; // an image's draws are all of one key, so the last one ends last
    results[image] = combine(ofImage, image);
    outcomes.delete(image);
    done++;
  };
  const report = () => plan.onProgress?.({ done, total: count });
  let hasRun = false;
  const flush = async (batch: readonly Waiting<Item>[]) => {
    if (signal && hasRun) await nextTask();
    signal?.throwIfAborted();
    hasRun = true;
    const ran = await runBatch(plan, batch);
    for (const [i, { image, draw }] of batch.entries()) settle(image, draw, ran[i] as Outcome | Error);
    report();
  };

  for (let image = 0; image < count; image++) {
    signal?.throwIfAborted();
    let draw = 0;
    for (const item of await itemsOf(image)) {
      if (item instanceof Error) {
        settle(image, draw, item);
        report();
        break;
      }
      const key = keyOf(item);
      const batch = waiting.get(key) ?? [];
      waiting.set(key, batch);
      batch.push({ item, image, draw: draw++ });
      if (batch.length < limitOf(item)) continue;
      waiting.delete(key);
      await flush(batch);
    }
  }
  for (const batch of waiting.values()) await flush(batch);
  if (failures.size > 0) throw failureOf(plan, failures, results);
  return results as Result[];
}

/**
 * Lets events in: wasm runs on the thread that calls it and leaves it to microtasks alone, so that neither a click nor
 * a message to a worker could abort a call.
 */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

interface Waiting<Item> {
  readonly item: Item;
  readonly image: number;
  readonly draw: number;
}

/** The outcomes of a batch; a run that fails as a whole fails each of its images, and no others. */
async function runBatch<Item, Outcome>(
  { where, count, nameOf, run }: BatchPlan<Item, Outcome, unknown>,
  batch: readonly Waiting<Item>[],
): Promise<readonly (Outcome | Error)[]> {
  try {
    return await run(batch.map(({ item }) => item));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return batch.map(({ image }) => {
      const here = count > 1 ? `${where}: ${nameOf(image)}` : where;
      return new Error(`${here}: ${reason}`, { cause });
    });
  }
}
