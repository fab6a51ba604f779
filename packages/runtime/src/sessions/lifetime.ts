/** The calls that use something, and its one end. */
export interface Lifetime {
  /** Runs a call. @throws Error with this message once the end has begun. */
  during<T>(call: () => Promise<T>, ended: string): Promise<T>;
  /** Frees the thing once all calls under way have ended, well or badly. Further calls of `end` do nothing. */
  end(): Promise<void>;
}

/** @param free frees what the calls use; runs once. */
export function createLifetime(free: () => Promise<void>): Lifetime {
  const underWay = new Set<Promise<unknown>>();
  let ending: Promise<void> | undefined;
  return {
    async during(call, ended) {
      if (ending) throw new Error(ended);
      const result = call();
      underWay.add(result);
      try {
        return await result;
      } finally {
        underWay.delete(result);
      }
    },
    end() {
      ending ??= Promise.allSettled(underWay).then(free);
      return ending;
    },
  };
}
