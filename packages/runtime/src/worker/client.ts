import type { ModelSource } from '../folder/model-source.js';
import type { LoadOptions } from '../load-options.js';
import { createMethods } from '../model/methods.js';
import type { GlowModel } from '../model/model.js';
import { type Method, signatures } from '../model/signatures.js';
import { limitsOf } from '../pictures/limits.js';
import type { Platform } from '../platform.js';
import { createLifetime } from '../sessions/lifetime.js';
import { openPool, type Pool } from './pool.js';
import type { WorkerChoice } from './port.js';
import type { Portability } from './portability.js';
import { toPortableInput, toPortableSource } from './portable-input.js';
import type { Facts } from './protocol.js';
import { workerSource } from './worker-source.js';

/** The parts of the platform that the caller's side needs. */
export type ClientPlatform = Pick<Platform, 'startWorker' | 'threadsEach' | 'createPortability'>;

/** The caller's side: loads a model whose calls run in workers. The model has them for itself; `dispose` ends them. */
export async function loadInWorkers(
  platform: ClientPlatform,
  source: ModelSource,
  { worker, onProgress, signal, ...options }: LoadOptions & { readonly worker: Exclude<WorkerChoice, false> },
): Promise<GlowModel> {
  const portability = platform.createPortability(limitsOf(options));
  const workers = workerSource(platform, worker, portability);
  const folder = portability.folder();
  const from = toPortableSource(source, portability);
  from.catch(() => undefined); // the call tells it
  const { wasmPaths } = options;
  const sent = {
    ...{ threads: platform.threadsEach(workers.count) },
    ...options,
    ...(typeof wasmPaths === 'string' && { wasmPaths: portability.address(wasmPaths) }),
  };
  let first: Facts | undefined;
  const { pool, facts } = await openPool(
    workers,
    async (bridge, loadSignal) => {
      // Only the first worker chooses the device and tells its progress.
      const choice = first ? { ...sent, device: first.device } : { ...sent, onProgress };
      const facts = await bridge.call<Facts>('loadGlow', {
        args: [await from],
        folder,
        options: { ...choice, signal: loadSignal },
      });
      first ??= facts;
      checkSameModel(first, facts);
      return facts;
    },
    signal,
  );
  return modelOf(facts, pool, portability);
}

/** @throws Error if a worker that started later has found another model. */
function checkSameModel(first: Facts, facts: Facts): void {
  if (JSON.stringify(first.manifest) === JSON.stringify(facts.manifest)) return;
  throw new Error('the model folder has changed; load the model again');
}

function modelOf(facts: Facts, pool: Pool, portability: Portability): GlowModel {
  const lifetime = createLifetime(pool.end);
  function perform(method: Method, given: readonly unknown[]): Promise<unknown> {
    const at = signatures[method].takes.length;
    const options = given[at] as { readonly signal?: AbortSignal } | undefined;
    const folder = portability.folder();
    return pool.run(
      method,
      async (bridge) => {
        const owned = new Set<ArrayBuffer>();
        const args = await Promise.all(
          given.slice(0, at).map((each) => toPortableInput(each, portability, owned)),
        );
        return bridge.call(method, { args, owned, folder, ...(options && { options }) });
      },
      options?.signal,
    );
  }
  return {
    ...facts,
    ...createMethods(lifetime, perform),
    dispose: lifetime.end,
    [Symbol.asyncDispose]: lifetime.end,
  };
}
