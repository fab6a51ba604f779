import type { ModelSource } from '../folder/model-source.js';
import { forwardWarnings } from '../folder/warn-once.js';
import { createLoadGlow } from '../load-glow.js';
import type { LoadGlow, LoadOptions } from '../load-options.js';
import type { GlowModel } from '../model/model.js';
import type { Platform } from '../platform.js';
import type { PortLike } from './port.js';
import { toPortable } from './portable-error.js';
import { refusingUnreadable } from './portable-input.js';
import { buffersOf, optionsAt, type Request, type Response } from './protocol.js';

/**
 * The worker's side: loads one model and answers the calls of the caller.
 * @param enter makes a folder the one that relative paths start from.
 */
export function serve(loadGlow: LoadGlow, port: PortLike, enter: (folder: string) => void = () => {}): void {
  const aborts = new Map<number, AbortController>();
  let loading: Promise<GlowModel> | undefined;

  async function perform(request: Exclude<Request, { abort: true }>): Promise<unknown> {
    const { id, call, args, listeners, folder } = request;
    const abort = new AbortController();
    aborts.set(id, abort);
    const telling = listeners.map((listener) => [
      listener,
      (event: unknown) => send({ id, listener, event }),
    ]);
    const options = { ...request.options, signal: abort.signal, ...Object.fromEntries(telling) };
    if (folder !== undefined) enter(folder);
    if (call === 'loadGlow') {
      loading = loadGlow(args[0] as ModelSource, options as LoadOptions);
      return factsOf(await loading);
    }
    const model = await (loading as Promise<GlowModel>);
    if (call === 'dispose') return model.dispose();
    const given = [...args];
    given[optionsAt[call]] = options;
    return (model[call] as (...given: unknown[]) => Promise<unknown>)(...given);
  }

  function send(response: Response): void {
    port.postMessage(response, 'result' in response ? [...buffersOf(response.result)] : []);
  }

  port.addEventListener('message', async (event) => {
    const { data: request } = event as MessageEvent<Request>;
    const { id } = request;
    if ('abort' in request) return void aborts.get(id)?.abort();
    try {
      send({ id, result: await perform(request) });
    } catch (error) {
      send({ id, error: toPortable(error) });
    } finally {
      aborts.delete(id);
    }
  });
  port.start?.();
}

function factsOf(model: GlowModel): object {
  return Object.fromEntries(Object.entries(model).filter(([, value]) => typeof value !== 'function'));
}

/** Creates `serveGlow`, which runs the model of another thread or process in the worker that calls it. */
export function createServeGlow(platform: Platform): () => void {
  return () => {
    const { port, enter } = platform.openParent();
    const createCodec: Platform['createCodec'] = (limits) => refusingUnreadable(platform.createCodec(limits));
    forwardWarnings((warning) => port.postMessage({ warning } satisfies Response, []));
    serve(createLoadGlow({ ...platform, createCodec }), port, enter);
  };
}
