import { messageOf } from '../message-of.js';
import { groupBySize } from './batches.js';
import type { Call } from './call.js';
import { checkAbort } from './check-abort.js';
import { withGradientMemory } from './gradient.js';
import { type Batch, type Failed, failedAt, type ImageItem, isFailed } from './item.js';
import type { ModelParts } from './model-parts.js';
import { encodeGradientBatch } from './run-gradients.js';
import { surpriseBatch } from './run-surprise.js';

/**
 * Statistics of another graph than encode, each run on the first draw of an image. `gradient`: the length of
 * ∂ log p(x)/∂x, in nats per unit of x. `surprise`: the bits of the pixel that has most.
 */
export type SecondPass = 'gradient' | 'surprise';

interface Pass {
  /** The model, with the memory that the graph needs. */
  readonly own: ModelParts;
  readonly run: (
    items: readonly ImageItem[],
  ) => Promise<readonly ({ readonly image: number; readonly value: number } | Failed)[]>;
}

const open: Readonly<Record<SecondPass, (parts: ModelParts) => Promise<Pass>>> = {
  async gradient(parts) {
    const graph = await parts.graphs.gradient('encode');
    return {
      own: withGradientMemory(parts, graph.bytesPerPixel),
      run: async (items) =>
        (await encodeGradientBatch(graph, parts.manifest.config, items)).map((item) =>
          isFailed(item) ? item : { image: item.image, value: lengthOf(item.gradient.data) },
        ),
    };
  },
  async surprise(parts) {
    const { manifest, graphs } = parts;
    const { channels, bits } = manifest.config;
    const graph = await graphs.surprise();
    const most = (map: Float32Array) => map.reduce((largest, nats) => Math.max(largest, nats), -Infinity);
    return {
      own: parts,
      run: async (items) =>
        (await surpriseBatch(graph, graphs.device, manifest.config, items)).map((item) =>
          isFailed(item) ? item : { image: item.image, value: channels * bits + most(item.map) / Math.LN2 },
        ),
    };
  },
};

/** Of a vector. Math.hypot takes no more numbers than the stack holds. */
function lengthOf(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/**
 * Groups images by size, and runs passes on the first draw of each. An image that fails in one of them fails.
 * @param noted gets the value of each image, by the name of the pass.
 */
export async function* groupWithPasses(
  parts: ModelParts,
  call: Call,
  items: AsyncIterable<ImageItem | Failed>,
  names: readonly SecondPass[],
  noted: Map<SecondPass, ReadonlyMap<number, number>>,
): AsyncGenerator<Batch<ImageItem>> {
  const passes = await Promise.all(
    names.map(async (name) => {
      const values = new Map<number, number>();
      noted.set(name, values);
      return { ...(await open[name](parts)), values };
    }),
  );
  const own = passes.find((pass) => pass.own !== parts)?.own ?? parts;
  for await (const given of groupBySize(own, call, items)) {
    let batch: Batch<ImageItem> = given;
    for (const { run, values } of passes) {
      batch = await notePass(run, values, batch);
      await checkAbort(call.signal);
    }
    yield batch;
  }
}

async function notePass(
  run: Pass['run'],
  values: Map<number, number>,
  batch: Batch<ImageItem>,
): Promise<Batch<ImageItem>> {
  const first = new Map<number, ImageItem>();
  for (const item of batch) {
    if (!isFailed(item) && !values.has(item.image) && !first.has(item.image)) first.set(item.image, item);
  }
  if (first.size === 0) return batch;
  const failed = new Map<number, Failed>();
  const fresh = [...first.values()];
  const results = await run(fresh).catch((cause: unknown) =>
    fresh.map((item) => failedAt(item, new Error(`${item.where}: ${messageOf(cause)}`, { cause }))),
  );
  for (const result of results) {
    if (isFailed(result)) failed.set(result.image, result);
    else values.set(result.image, result.value);
  }
  return batch.map((item) => failed.get(item.image) ?? item);
}
