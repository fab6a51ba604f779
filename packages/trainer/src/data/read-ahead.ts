import { setImmediate } from 'node:timers/promises';

/** Items that are loaded before they are needed, and how long the last one was waited for. */
export interface ReadAhead<T> extends AsyncIterable<T> {
  /** Seconds that the last item was waited for. */
  readonly waitedSeconds: number;
}

/** Items that are loaded or loading, besides the current one. */
const DEPTH = 2;

/**
 * Loads items in order, up to two before they are needed. Work on the current item starts first. If that work happens
 * in other threads or on a GPU, the next items load at the same time.
 */
export function readAhead<A, B>(items: readonly A[], load: (item: A, i: number) => Promise<B>): ReadAhead<B> {
  let waitedSeconds = 0;
  async function* generate(): AsyncGenerator<B> {
    const pending: Promise<B>[] = [];
    for (let i = 0; i < items.length; i++) {
      while (pending.length <= DEPTH && i + pending.length < items.length) {
        const at = i + pending.length;
        const next = setImmediate().then(() => load(items[at], at));
        next.catch(() => {}); // thrown when it is taken, if ever
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
