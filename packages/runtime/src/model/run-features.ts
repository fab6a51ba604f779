import type { GlowConfig } from '@glow-onnx/flow/manifest';
import { featureNames, regions } from '../graphs/signature.js';
import type { GraphRunner } from '../sessions/open-graphs.js';
import type { FloatTensor } from '../sessions/tensor.js';
import { type Failed, failedAt, type ImageItem, type Item } from './item.js';
import { partsOf, stack } from './run-graphs.js';

/** The features of each image, [conditioners, hidden, 2, 2] in row-major order. */
export async function featureBatch(
  graph: GraphRunner,
  config: GlowConfig,
  batch: readonly ImageItem[],
): Promise<((Item & { data: Float32Array }) | Failed)[]> {
  const { height, width } = batch[0] as ImageItem;
  const x = stack(
    batch.map((item) => item.x),
    [config.channels, height, width],
  );
  const outputs = await graph.run({ x, ...regionWeights(config.levels, height, width) });
  const sums = featureNames(config).map((name) => partsOf(outputs, name, batch));
  return batch.map((item, i) => {
    const own = sums.map((parts) => parts[i] as Float32Array | Error);
    const bad = own.find((part) => part instanceof Error);
    if (bad) return failedAt(item, bad);
    const { image, where, label } = item;
    return { image, where, label, height, width, data: regionsLast(own as Float32Array[]) };
  });
}

/** From region × channel of each conditioner to channel × region. */
function regionsLast(sums: readonly Float32Array[]): Float32Array {
  const data = new Float32Array(sums.reduce((size, part) => size + part.length, 0));
  let end = 0;
  for (const part of sums) {
    const channels = part.length / regions;
    for (let channel = 0; channel < channels; channel++) {
      for (let region = 0; region < regions; region++) {
        data[end++] = part[region * channels + channel] as number;
      }
    }
  }
  return data;
}

/** For each level, weights of its pixels whose sum over a region is 1: upper left, upper right, lower left, lower right. */
export function regionWeights(levels: number, height: number, width: number): Record<string, FloatTensor> {
  return Object.fromEntries(
    Array.from({ length: levels }, (_, level) => {
      const [h, w] = [height / 2 ** (level + 1), width / 2 ** (level + 1)];
      const [rows, columns] = [halves(h), halves(w)];
      const data = rows.flatMap((row) =>
        columns.flatMap((column) => row.flatMap((a) => column.map((b) => a * b))),
      );
      return [`regions${level}`, { shape: [1, regions, h, w], data: Float32Array.from(data) }];
    }),
  );
}

/** The share of each of n places in the mean of the first half, and of the second half. The place in the middle of an odd n counts half in each. */
function halves(n: number): [number[], number[]] {
  const first = Array.from({ length: n }, (_, i) => Math.min(1, Math.max(0, n / 2 - i)) / (n / 2));
  return [first, first.toReversed()];
}
