/** The slowest server that counts as one that sends, in bytes per second. */
const leastRate = 500;
/** The time passes in so many ticks. A thread that was busy or asleep meanwhile loses one of them, not all. */
const ticks = 10;
const longestTickMs = 2 ** 31 - 1;

/** Watches whether a download goes on. */
export interface IdleWatch {
  /** Aborts if it does not, or with the signal of the caller. */
  readonly signal: AbortSignal;
  /** The server has answered: the time starts again. */
  restart(): void;
  /** So many bytes came. The time starts again when they are enough for the slowest rate. */
  received(bytes: number): void;
  /** Ends the watch. */
  end(): void;
}

/**
 * Aborts a download during which, for `timeoutMs`, fewer than 500 bytes per second came.
 * @param idle makes the reason of the abort.
 */
export function watchIdle(timeoutMs: number, idle: () => Error, signal: AbortSignal | undefined): IdleWatch {
  const stop = new AbortController();
  const enough = (leastRate * timeoutMs) / 1000;
  let left = ticks;
  let bytes = 0;
  const tick = () => {
    if (--left > 0) return;
    clearInterval(timer);
    stop.abort(idle());
  };
  const timer = setInterval(tick, Math.min(timeoutMs / ticks, longestTickMs));
  const restart = () => {
    left = ticks;
    bytes = 0;
  };
  return {
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    restart,
    received(count) {
      bytes += count;
      if (bytes >= enough) restart();
    },
    end: () => clearInterval(timer),
  };
}
