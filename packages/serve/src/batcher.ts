/** A call that takes several items at once, such as encode with images. Works with the same key share their calls. */
export interface Work<Item, Result> {
  readonly key: string;
  run(items: readonly Item[], signal: AbortSignal): Promise<readonly Result[]>;
}

export interface BatcherOptions {
  /** The calls that may run at once: the workers of the model. */
  readonly calls: number;
  /** The most items of a call. A request with more of them runs alone. */
  readonly maxBatch: number;
  /** The longest time in ms that a request waits for others although a worker is free. */
  readonly maxWaitMs: number;
  /** Called when a call starts, with the number of its items. */
  readonly onBatch?: (key: string, items: number) => void;
}

export interface Batcher {
  /** Requests that wait for a worker. */
  readonly waiting: number;
  /**
   * The results of some items, in their order. They run in one call with those of other requests.
   * @throws `signal.reason` at once if the signal is aborted; the error of the call otherwise.
   */
  submit<Item, Result>(
    work: Work<Item, Result>,
    items: readonly Item[],
    signal: AbortSignal,
  ): Promise<Result[]>;
}

interface Job {
  readonly work: Work<unknown, unknown>;
  readonly items: readonly unknown[];
  readonly since: number;
  readonly signal: AbortSignal;
  readonly resolve: (results: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Puts requests that wait together into one call, first come first served. */
export function createBatcher({ calls, maxBatch, maxWaitMs, onBatch }: BatcherOptions): Batcher {
  let waiting: Job[] = [];
  let running = 0;
  let timer: NodeJS.Timeout | undefined;

  function startDue(): void {
    clearTimeout(timer);
    while (running < calls && waiting.length > 0) {
      const [oldest] = waiting as [Job];
      const batch = fill(oldest);
      const restMs = maxWaitMs - (performance.now() - oldest.since);
      if (restMs > 0 && countOf(batch) < maxBatch) {
        timer = setTimeout(startDue, restMs);
        return;
      }
      waiting = waiting.filter((job) => !batch.includes(job));
      running++;
      void perform(batch).finally(() => {
        running--;
        startDue();
      });
    }
  }

  function fill(oldest: Job): Job[] {
    let room = maxBatch - oldest.items.length;
    const others = waiting.filter(({ work, items }, i) => {
      if (i === 0 || work.key !== oldest.work.key || items.length > room) return false;
      room -= items.length;
      return true;
    });
    return [oldest, ...others];
  }

  /** A call that fails fails only its own request: the requests of a batch run once more, each alone. */
  async function perform(jobs: readonly Job[]): Promise<void> {
    const [{ work }] = jobs as [Job];
    const items = jobs.flatMap((job) => job.items);
    onBatch?.(work.key, items.length);
    try {
      const results = await whileAnyWaits(jobs, (signal) => work.run(items, signal));
      let at = 0;
      for (const job of jobs) {
        job.resolve(results.slice(at, at + job.items.length));
        at += job.items.length;
      }
    } catch (error) {
      if (jobs.length === 1) return jobs[0]?.reject(error);
      for (const job of jobs) if (!job.signal.aborted) await perform([job]);
    }
  }

  return {
    get waiting() {
      return waiting.length;
    },
    async submit<Item, Result>(work: Work<Item, Result>, items: readonly Item[], signal: AbortSignal) {
      signal.throwIfAborted();
      let leave = () => {};
      try {
        return await new Promise<Result[]>((resolve, reject) => {
          const job: Job = {
            ...{ work: work as Work<unknown, unknown>, items, since: performance.now(), signal, reject },
            resolve: resolve as (results: unknown[]) => void,
          };
          leave = () => {
            waiting = waiting.filter((other) => other !== job);
            reject(signal.reason);
          };
          signal.addEventListener('abort', leave);
          waiting.push(job);
          startDue();
        });
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
  };
}

function countOf(jobs: readonly Job[]): number {
  return jobs.reduce((sum, { items }) => sum + items.length, 0);
}

/** Runs a call with a signal that is aborted once every request of it has left. */
async function whileAnyWaits<T>(jobs: readonly Job[], run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const check = () => {
    if (jobs.every(({ signal }) => signal.aborted)) stop.abort();
  };
  for (const { signal } of jobs) signal.addEventListener('abort', check);
  try {
    return await run(stop.signal);
  } finally {
    for (const { signal } of jobs) signal.removeEventListener('abort', check);
  }
}
