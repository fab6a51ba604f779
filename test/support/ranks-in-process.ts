import type { Ranks } from '../../packages/trainer/src/ranks/ranks.js';

/** Ranks that all live in this process, for tests without MPI. Sums are in the order of ranks. */
export function ranksInProcess(size: number): readonly Ranks[] {
  let arrived: Float64Array[] = [];
  let meet = waiting();

  /** The numbers of all ranks, when all have come. */
  async function exchange(rank: number, values: ArrayLike<number>): Promise<readonly Float64Array[]> {
    const { promise } = meet;
    arrived[rank] = Float64Array.from(values);
    if (Object.keys(arrived).length === size) {
      const all = arrived;
      const { resolve } = meet;
      arrived = [];
      meet = waiting();
      resolve(all);
    }
    return promise;
  }
  const rankOf = (rank: number): Ranks => ({
    rank,
    size,
    async sum(values) {
      const all = await exchange(rank, values);
      values.fill(0);
      for (const each of all) for (let i = 0; i < values.length; i++) values[i] += each[i] as number;
    },
    max: async (value) => Math.max(...(await exchange(rank, [value])).map(([each]) => each as number)),
    async broadcast(values) {
      values.set((await exchange(rank, values))[0] as Float64Array);
    },
    abort() {},
    finalize() {},
  });
  return Array.from({ length: size }, (_, rank) => rankOf(rank));
}

function waiting() {
  let resolve: (all: readonly Float64Array[]) => void = () => {};
  const promise = new Promise<readonly Float64Array[]>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
