import { isUrl, type ModelSource } from '../folder/model-source.js';
import type { LoadOptions } from '../load-options.js';
import { messageOf } from '../message-of.js';
import type { GlowModel } from '../model/model.js';
import type { ImageCodec } from '../pictures/codec.js';
import { createLifetime } from '../sessions/lifetime.js';
import type { WorkerLike } from './port.js';
import { fromPortable } from './portable-error.js';
import { absolute, toPortableInput } from './portable-input.js';
import type { Facts } from './protocol.js';
import { type Call, type Method, optionsAt, type Response } from './protocol.js';

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly onProgress: ((progress: never) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

interface BridgeOptions {
  readonly onProgress?: (progress: never) => void;
  readonly signal?: AbortSignal;
}

type Bridge = <Result>(
  call: Call,
  args: readonly unknown[],
  options?: BridgeOptions,
  owned?: ReadonlySet<ArrayBuffer>,
) => Promise<Result>;

/**
 * The page's side: loads a model whose calls run in a worker. The model has the worker for itself; `dispose` ends both.
 * @param codec reads images that cannot be sent to a worker, such as canvases.
 */
export async function loadInWorker(
  codec: ImageCodec,
  worker: WorkerLike,
  source: ModelSource,
  { worker: _, ...options }: LoadOptions,
): Promise<GlowModel> {
  const call = createBridge(worker);
  const end = () => worker.terminate?.();
  const { wasmPaths } = options;
  const from = typeof source === 'string' || isUrl(source) ? absolute(source) : source;
  const paths = typeof wasmPaths === 'string' ? { wasmPaths: absolute(wasmPaths) } : {};
  try {
    const facts = await call<Facts>('loadGlow', [from], { ...options, ...paths });
    return modelOf(facts, call, codec, end);
  } catch (error) {
    end();
    throw error;
  }
}

function modelOf(facts: Facts, call: Bridge, codec: ImageCodec, end: () => void): GlowModel {
  const lifetime = createLifetime(async () => {
    await call('dispose', []).catch(() => undefined); // a worker that has failed holds no model
    end();
  });
  async function perform(method: Method, given: readonly unknown[]): Promise<unknown> {
    const owned = new Set<ArrayBuffer>();
    const at = optionsAt[method];
    const args = await Promise.all(given.slice(0, at).map((each) => toPortableInput(each, codec, owned)));
    return call(method, args, given[at] as BridgeOptions | undefined, owned);
  }
  const methods = Object.fromEntries(
    (Object.keys(optionsAt) as Method[]).map((method) => [
      method,
      (...given: unknown[]) =>
        lifetime.during(() => perform(method, given), `${method}: this model is disposed; load it again`),
    ]),
  ) as unknown as Pick<GlowModel, Method>;
  return { ...facts, ...methods, dispose: lifetime.end, [Symbol.asyncDispose]: lifetime.end };
}

function receive({ resolve, reject, onProgress, signal }: Pending, response: Response): void {
  if ('result' in response) {
    resolve(response.result as never);
  } else if ('error' in response) {
    const aborted = signal?.aborted && response.error.name === 'AbortError';
    reject(aborted ? signal.reason : fromPortable(response.error));
  } else {
    try {
      onProgress?.(response.progress as never);
    } catch (error) {
      reject(error);
    }
  }
}

/** Sends calls to a worker and receives the answers, any number at once. If the worker fails, all calls reject. */
function createBridge(worker: WorkerLike): Bridge {
  const pending = new Map<number, Pending>();
  let failure: Error | undefined;
  let last = 0;

  worker.addEventListener('message', (event) => {
    const { data: response } = event as MessageEvent<Response>;
    const asked = pending.get(response.id);
    if (asked) receive(asked, response);
  });
  const fail = (event: { readonly type: string; readonly message?: string }) => {
    failure = new Error(
      `the model's worker has failed (${event.message || 'its script cannot be loaded'}); load the model again`,
    );
    for (const { reject } of pending.values()) reject(failure);
    worker.terminate?.();
  };
  worker.addEventListener('error', fail);
  worker.addEventListener('messageerror', fail);
  worker.start?.();

  return (call, args, { onProgress, signal, ...options } = {}, owned = new Set()) => {
    const id = ++last;
    const abort = () => worker.postMessage({ id, abort: true }, []);
    const answer = new Promise<never>((resolve, reject) => {
      if (failure) throw new Error(`${call}: ${failure.message}`, { cause: failure });
      signal?.throwIfAborted();
      pending.set(id, { resolve, reject, onProgress, signal });
      signal?.addEventListener('abort', abort);
      const reports = onProgress !== undefined;
      try {
        worker.postMessage({ id, call, args, options, reports }, [...owned]);
      } catch (cause) {
        throw new TypeError(`${call}: an argument cannot be sent to a worker: ${messageOf(cause)}`, {
          cause,
        });
      }
    });
    return answer.finally(() => {
      pending.delete(id);
      signal?.removeEventListener('abort', abort);
    });
  };
}
