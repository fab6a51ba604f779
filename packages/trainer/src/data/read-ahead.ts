import { setImmediate } from 'node:timers/promises';

/** What is prepared while something else is under way, and how long it was waited for. */
export interface ReadAhead<T> extends AsyncIterable<T> {
  /** For the item last taken. */
  readonly waitedSeconds: number;
}

/** Batches that are ready or on their way beyond the one that is used. */
const DEPTH = 2;

/**
 * Prepares items in their order, up to two before they are asked for. It waits its turn: who takes an item sets to work on
 * it first, and if that goes on elsewhere (other threads, a GPU), the next is prepared meanwhile.
 */
export function readAhead<A, B>(
  items: readonly A[],
  prepare: (item: A, i: number) => Promise<B>,
): ReadAhead<B> {
  let waitedSeconds = 0;
  async function* generate(): AsyncGenerator<B> {
    const pending: Promise<B>[] = [];
    for (let i = 0; i < items.length; i++) {
      while (pending.length <= DEPTH && i + pending.length < items.length) {
        const at = i + pending.length;
        const next = setImmediate().then(() => prepare(items[at], at));
        next.catch(() => {}); // thrown where it is asked for, if it ever is
        pending.push(next);
      }
      const asked = performance.now();
      const ready = await (pending.shift() as Promise<B>);
      waitedSeconds = (performance.now() - asked) / 1000;
      yield ready;
    }
  }
  return {
    get waitedSeconds() {
      return waitedSeconds;
    },
    [Symbol.asyncIterator]: generate,
  };
}
