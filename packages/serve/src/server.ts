import { setTimeout as sleep } from 'node:timers/promises';
import { type GlowModel, loadGlow } from '@glow-onnx/runtime/node';
import { createApp } from './app.js';
import { createBatcher } from './batcher.js';
import { checkEntries, type ModelEntry } from './model-entry.js';
import { checkServeOptions, defaultLimits, type Limits, type ServeOptions } from './options.js';

/** A server with its models loaded. */
export interface ModelServer {
  /**
   * Starts to answer.
   * @returns the address, such as `http://127.0.0.1:8000`.
   * @throws Error if the port is taken, the host is not this machine's, or the server listens or is closed already.
   */
  listen(where?: ListenOptions): Promise<string>;
  /**
   * Is no longer ready, takes no new requests after `drainMs`, finishes those under way, and ends the workers.
   * Connections that are still open after `timeoutMs` are cut.
   */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** Default `127.0.0.1`: programs of this machine alone can reach the server. */
  readonly host?: string;
  /** Default 8000; 0 for any free one. */
  readonly port?: number;
}

/**
 * Loads models and makes a server for them: Open Inference Protocol v2, pictures in and out, metrics.
 * @throws TypeError or RangeError if an option is wrong; what `loadGlow` throws if a model cannot be loaded.
 * @example
 * const server = await createServer([{ name: 'faces', version: 1, source: 'models/faces' }], { workers: 2 });
 * console.log(await server.listen({ port: 8000 }));
 * process.once('SIGTERM', () => server.close());
 */
export async function createServer(
  entries: readonly ModelEntry[],
  options: ServeOptions = {},
): Promise<ModelServer> {
  checkServeOptions(options);
  checkEntries(entries);
  const { workers = 1, maxWaitMs = 0, drainMs = 500, device, precision, threads } = options;
  const limits = limitsOf(options);
  const { maxBatch, maxPixels, maxBodyBytes, timeoutMs } = limits;
  const models: GlowModel[] = [];
  const dispose = () => Promise.all(models.map((model) => model.dispose()));
  try {
    for (const { source } of entries) {
      const choices = {
        ...(device !== undefined && { device }),
        ...(precision !== undefined && { precision }),
        ...(threads !== undefined && { threads }),
      };
      models.push(await loadGlow(source, { ...choices, worker: workers, maxPixels, maxBytes: maxBodyBytes }));
    }
    const { app, drain } = await createApp(
      (batched) =>
        entries.map(({ name, version }, i) => {
          const onBatch = (key: string, images: number) =>
            batched(`${name}:${version}`, key.split(' ')[0] as string, images);
          const batcher = createBatcher({ calls: workers, maxBatch, maxWaitMs, onBatch });
          return { name, version, model: models[i] as GlowModel, batcher };
        }),
      options,
      limits,
    );
    let isClosed = false;
    app.addHook('onClose', async () => {
      await dispose();
    });
    return {
      async listen({ host = '127.0.0.1', port = 8000 } = {}) {
        if (isClosed || app.server.listening) {
          throw new Error(
            `listen: this server ${isClosed ? 'is closed' : 'listens'} already; make another one`,
          );
        }
        return app.listen({ host, port });
      },
      async close() {
        isClosed = true;
        drain();
        await sleep(app.server.listening ? drainMs : 0);
        const cut = setTimeout(() => app.server.closeAllConnections(), timeoutMs);
        await app.close();
        clearTimeout(cut);
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Completes the limits by the defaults. */
export function limitsOf(given: Partial<Limits>): Limits {
  const names = Object.keys(defaultLimits) as (keyof Limits)[];
  return Object.fromEntries(
    names.map((name) => [name, given[name] ?? defaultLimits[name]]),
  ) as unknown as Limits;
}
