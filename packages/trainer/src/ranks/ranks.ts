/**
 * The processes that train one model together, as this one of them sees it. Its calls are collective: every rank makes
 * them in the same order, and each waits for all. So one that fails must end the others by `abort`.
 */
export interface Ranks {
  /** The number of this process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** Replaces each number by its sum over the ranks, which has the same bits on all of them. */
  sum(values: Float32Array | Float64Array): Promise<void>;
  /** The largest of the values of all ranks. */
  max(value: number): Promise<number>;
  /** Replaces the numbers by those of rank 0. */
  broadcast(values: Float32Array): Promise<void>;
  /** Ends the processes of all ranks at once, with this exit code. Not collective. */
  abort(code: number): void;
  /** Waits for all ranks; afterwards no call is possible. */
  finalize(): void;
}

/** One process that trains by itself. */
export const alone: Ranks = {
  rank: 0,
  size: 1,
  async sum() {},
  max: async (value) => value,
  async broadcast() {},
  abort() {},
  finalize() {},
};
