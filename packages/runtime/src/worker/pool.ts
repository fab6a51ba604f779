import { messageOf } from '../message-of.js';
import { type Bridge, createBridge } from './bridge.js';
import { keepingAlive } from './keeping-alive.js';
import { onAbort } from './on-abort.js';
import type { Call, Facts } from './protocol.js';
import { untilAborted } from './until-aborted.js';
import { WorkerError } from './worker-error.js';
import type { WorkerSource } from './worker-source.js';

/** Loads the model in a worker that has just started. */
export type LoadIn = (bridge: Bridge, signal?: AbortSignal) => Promise<Facts>;

/** The workers of a model. Each of them runs one call at a time. */
export interface Pool {
  /**
   * Runs a call in a worker, first come first served. It rejects at once when it is aborted. If its worker does not stop
   * it in the time that a new worker takes to start, a new one takes its place. A worker that still loads goes on.
   */
  run<Result>(name: Call, use: (bridge: Bridge) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  /** Ends the workers. No call may be under way; calls that were aborted are dropped. */
  end(): Promise<void>;
}

/** Starts all workers. The others start once the first has loaded the model, so that they find its files in the cache. */
export async function openPool(
  source: WorkerSource,
  load: LoadIn,
  signal?: AbortSignal,
): Promise<{ readonly pool: Pool; readonly facts: Facts }> {
  const [first, ...others] = Array.from({ length: source.count }, () => createSeat(source, load));
  const seats = [first as Seat, ...others];
  const open = async () => {
    const { facts } = await (first as Seat).open(signal);
    await Promise.all(others.map((seat) => seat.open(signal)));
    return facts;
  };
  try {
    const facts = await keepingAlive(untilAborted(open(), signal));
    return { pool: createPool(seats, source), facts };
  } catch (error) {
    for (const seat of seats) seat.end();
    throw error;
  }
}

function createPool(seats: readonly Seat[], { replaces }: WorkerSource): Pool {
  const { take, give, isFree } = createQueueFor(seats);
  let ended = false;
  const run: Pool['run'] = async (name, use, signal) => {
    const seat = await take(signal);
    let stop: (() => void) | undefined; // once the worker has the model: an abort does not end one that loads it
    const work = seat.open().then(
      ({ bridge }) => {
        stop = replaces ? stopAfterAbort(seat, signal) : () => {};
        return use(bridge);
      },
      (cause: unknown) => {
        const message = `${name}: a new worker cannot load the model: ${messageOf(cause)}`;
        throw new WorkerError(message, { cause });
      },
    );
    const free = () => {
      stop?.();
      give(seat);
      const hasStarted = stop !== undefined; // after a failed start, the next call tries again
      if (ended || !replaces || seat.isAlive || !hasStarted) return;
      seat.open().catch(() => undefined); // the next call tries again
    };
    work.then(free, free);
    return untilAborted(work, signal);
  };
  const end = async (seat: Seat) => {
    if (seat.isAlive && (isFree(seat) || !replaces)) await seat.dispose();
    seat.end();
  };
  return {
    run: (...call) => keepingAlive(run(...call)),
    async end() {
      ended = true;
      await keepingAlive(Promise.all(seats.map(end)));
    },
  };
}

/** Ends the seat's worker some time after the call is aborted, unless the returned function is called before. */
function stopAfterAbort(seat: Seat, signal: AbortSignal | undefined): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = () => {
    timer = setTimeout(seat.end, seat.startMs);
    (timer as { unref?: () => void }).unref?.();
  };
  let forget = () => {};
  if (signal?.aborted) arm();
  else if (signal) forget = onAbort(signal, arm);
  return () => {
    clearTimeout(timer);
    forget();
  };
}

interface Opened {
  readonly bridge: Bridge;
  readonly facts: Facts;
}

/** The place of one worker in the pool. */
interface Seat {
  /** The worker with its model. It starts if the seat has no live worker. */
  open(signal?: AbortSignal): Promise<Opened>;
  readonly isAlive: boolean;
  /** The time that the last start took. */
  readonly startMs: number;
  /** Asks the worker to free the model, and gives it as long as it took to start. */
  dispose(): Promise<void>;
  end(): void;
}

function createSeat(source: WorkerSource, load: LoadIn): Seat {
  let bridge: Bridge | undefined;
  let opening: Promise<Opened> | undefined;
  let startMs = 0;
  let isLoaded = false;
  const advice = () =>
    source.replaces && isLoaded
      ? 'other calls go on, and the next call has a new worker'
      : 'load the model again';
  async function start(signal?: AbortSignal): Promise<Opened> {
    const started = performance.now();
    const own = createBridge(source.start(), advice);
    bridge = own;
    try {
      const facts = await load(own, signal);
      startMs = performance.now() - started;
      isLoaded = true;
      return { bridge: own, facts };
    } catch (error) {
      own.end();
      throw error;
    }
  }
  return {
    open(signal) {
      if (!opening || (source.replaces && bridge?.isAlive !== true)) opening = start(signal);
      return opening;
    },
    get isAlive() {
      return bridge?.isAlive ?? false;
    },
    get startMs() {
      return startMs;
    },
    async dispose() {
      const disposed = bridge?.call('dispose', { args: [] }).catch(() => undefined); // a dead worker holds no model
      await (source.replaces ? within(startMs, disposed) : disposed);
    },
    end: () => bridge?.end(),
  };
}

/** Waits for the end of something, but no longer than this. */
async function within(ms: number, work: Promise<unknown> | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** Gives free seats to calls, in the order in which they come. */
function createQueueFor(seats: readonly Seat[]) {
  const free = [...seats];
  const waiting = new Set<(seat: Seat) => void>();
  return {
    isFree: (seat: Seat) => free.includes(seat),
    /** @throws `signal.reason` if the call is aborted before its turn. */
    async take(signal?: AbortSignal): Promise<Seat> {
      signal?.throwIfAborted();
      const next = free.find(({ isAlive }) => isAlive) ?? free[0];
      if (next) {
        free.splice(free.indexOf(next), 1);
        return next;
      }
      let turn: (seat: Seat) => void = () => {};
      const seat = new Promise<Seat>((resolve) => {
        turn = resolve;
        waiting.add(turn);
      });
      return untilAborted(seat, signal).catch((reason) => {
        // The turn may have come at the moment of the abort.
        if (!waiting.delete(turn)) seat.then(give);
        throw reason;
      });
    },
    give,
  };
  function give(seat: Seat): void {
    const [next] = waiting;
    if (!next) return void free.push(seat);
    waiting.delete(next);
    next(seat);
  }
}
