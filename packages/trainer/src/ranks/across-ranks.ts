import { splitBatch } from '../engine/batch.js';
import type { Differentiator } from '../engine/differentiator.js';
import type { Batches } from '../run/batches.js';
import type { Ranks } from './ranks.js';

/**
 * Batches of which this rank trains on its shard: the images in its place. Their noise is as if one process read the whole.
 * Every rank validates on whole batches, which `acrossRanks` splits.
 */
export function shardOf(whole: Batches, { rank, size }: Ranks): Batches {
  return {
    ...whole,
    training(indices, imagesBefore) {
      const count = indices.length / size;
      return whole.training(indices.subarray(rank * count, (rank + 1) * count), imagesBefore + rank * count);
    },
  };
}

/**
 * Averages gradients over the ranks, each of which has an equal shard of the batch, and gives every rank the scores of
 * the whole batch, so that all of them take or skip a step alike. Rank 0 initialises, on its shard.
 * In the order of ranks, sums equal those of `inParts` to the bit for two ranks; for more, their order may differ.
 */
export function acrossRanks(local: Differentiator, ranks: Ranks): Differentiator {
  const { rank, size } = ranks;
  /** Puts parts of this rank at their places in wholes of zeros, and adds up the wholes of all ranks. */
  const joined = async (parts: readonly Float64Array[], from: number, count: number) => {
    const all = new Float64Array(parts.length * count);
    for (const [i, part] of parts.entries()) all.set(part, i * count + from);
    await ranks.sum(all);
    return parts.map((_, i) => all.subarray(i * count, (i + 1) * count));
  };
  return {
    description: `${local.description}, ${size} ranks`,
    async initialise(parameters, batch) {
      const initial = rank === 0 ? await local.initialise(parameters, batch) : parameters.slice();
      await ranks.broadcast(initial);
      return initial;
    },
    async gradient(parameters, batch) {
      const { gradient, bitsPerDim, bitsPerDimLevels } = await local.gradient(parameters, batch);
      for (let i = 0; i < gradient.length; i++) gradient[i] *= 1 / size;
      await ranks.sum(gradient);
      const parts = [bitsPerDim, ...bitsPerDimLevels];
      const [scores, ...levels] = await joined(parts, rank * batch.count, size * batch.count);
      return { gradient, bitsPerDim: scores, bitsPerDimLevels: levels };
    },
    async evaluate(parameters, batch, dequantisation) {
      const shards = splitBatch(batch, size); // fewer than ranks if the batch is small
      const from = shards.slice(0, rank).reduce((sum, { count }) => sum + count, 0);
      const own =
        rank < shards.length
          ? await local.evaluate(parameters, shards[rank], dequantisation)
          : new Float64Array();
      const [scores] = await joined([own], from, batch.count);
      return scores;
    },
    async orthogonalise(stacks) {
      // Each matrix on one rank: the last bits of a product depend on the processor, and weights must stay the same.
      const shares = stacks.map(({ shape: [count, ...matrix], data }) => {
        const [from, to] = [rank, rank + 1].map((r) => Math.floor((r * count) / size));
        const length = data.length / count;
        return {
          shape: [to - from, ...matrix],
          data: data.subarray(from * length, to * length),
          at: from * length,
        };
      });
      const own = shares.filter(({ data }) => data.length > 0);
      const turned = own.length > 0 ? await local.orthogonalise(own) : [];
      const found = new Map(own.map((share, i) => [share, turned[i].data]));
      const wholes = stacks.map(({ shape, data }) => ({ shape, data: new Float32Array(data.length) }));
      for (const [i, { data }] of wholes.entries()) {
        data.set(found.get(shares[i]) ?? [], shares[i].at);
        await ranks.sum(data);
      }
      return wholes;
    },
    dispose: local.dispose,
  };
}
