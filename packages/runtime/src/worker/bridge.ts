import { warnOnce } from '../folder/warn-once.js';
import { messageOf } from '../message-of.js';
import { onAbort } from './on-abort.js';
import type { WorkerLike } from './port.js';
import { fromPortable } from './portable-error.js';
import { type Call, type Listener, listenersOf, type Request, type Response } from './protocol.js';
import { WorkerError } from './worker-error.js';

type Listeners = { readonly [Name in Listener]?: ((event: never) => void) | undefined };

interface Pending {
  readonly call: Call;
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly options: Listeners;
  readonly signal: AbortSignal | undefined;
  thrown?: { readonly error: unknown };
}

/** What a call sends. */
export interface CallContents {
  readonly args: readonly unknown[];
  readonly options?: Listeners & { readonly signal?: AbortSignal | undefined };
  /** The folder that relative paths start from. */
  readonly folder?: string | undefined;
  /** Buffers that are transferred instead of copied. */
  readonly owned?: ReadonlySet<ArrayBuffer>;
}

/** The caller's end of a connection to one worker. */
export interface Bridge {
  /**
   * Sends a call. An aborted call rejects with `signal.reason` once the worker has stopped it.
   * @throws WorkerError if the worker ends before it has answered.
   */
  call<Result>(call: Call, contents: CallContents): Promise<Result>;
  readonly isAlive: boolean;
  /** Ends the worker. Calls under way reject. */
  end(): void;
}

/** @param advice tells the caller of a failed worker what to do. */
export function createBridge(worker: WorkerLike, advice: () => string): Bridge {
  const pending = new Map<number, Pending>();
  let failure: string | undefined;
  let last = 0;

  const fail = (reason: string) => {
    failure ??= reason;
    for (const { call, reject } of pending.values()) reject(failed(call));
    worker.terminate?.();
  };
  const failed = (call: Call) =>
    new WorkerError(`${call}: the model's worker has failed (${failure}); ${advice()}`);
  const onError = (event: { readonly type: string; readonly message?: string }) =>
    fail(event.message || 'its script cannot be loaded');
  worker.addEventListener('message', (event) => {
    const { data: response } = event as MessageEvent<Response>;
    if ('warning' in response) return warnOnce(response.warning);
    const asked = pending.get(response.id);
    if (!asked) return;
    if ('listener' in response) report(asked, response);
    else settle(asked, response);
  });
  worker.addEventListener('error', onError);
  worker.addEventListener('messageerror', onError);
  worker.start?.();

  /** An error of a listener stops the call, and is its error. */
  const report = (asked: Pending, { id, listener, event }: Extract<Response, { listener: Listener }>) => {
    try {
      if (!asked.thrown) asked.options[listener]?.(event as never);
    } catch (error) {
      asked.thrown = { error };
      worker.postMessage({ id, abort: true }, []);
    }
  };
  const post = (request: Request, owned: Iterable<ArrayBuffer>) => {
    try {
      worker.postMessage(request, [...owned]);
    } catch (cause) {
      const call = 'call' in request ? request.call : 'abort';
      throw new TypeError(`${call}: an argument cannot be sent to a worker: ${messageOf(cause)}`, { cause });
    }
  };

  return {
    get isAlive() {
      return failure === undefined;
    },
    async call(call, { args, options: { signal, ...given } = {}, folder, owned = [] }) {
      if (failure !== undefined) throw failed(call);
      signal?.throwIfAborted();
      const id = ++last;
      const abort = () => {
        if (failure === undefined) worker.postMessage({ id, abort: true }, []);
      };
      const answer = new Promise<never>((resolve, reject) => {
        pending.set(id, { call, resolve, reject, options: given, signal });
      });
      const forget = signal && onAbort(signal, abort);
      try {
        const listeners = listenersOf.filter((name) => given[name] !== undefined);
        const options = Object.fromEntries(
          Object.entries(given).filter(([name]) => !listenersOf.includes(name as Listener)),
        );
        post({ id, call, args, options, listeners, folder }, owned);
        return await answer;
      } finally {
        pending.delete(id);
        forget?.();
      }
    },
    end: () => fail('it was ended'),
  };
}

function settle(
  { resolve, reject, signal, thrown }: Pending,
  response: Extract<Response, { result: unknown } | { error: unknown }>,
) {
  if (thrown) reject(thrown.error);
  else if ('result' in response) resolve(response.result as never);
  else if (signal?.aborted && response.error.name === 'AbortError') reject(signal.reason);
  else reject(fromPortable(response.error));
}
