import { isHubName } from '../folder/stores/address.js';
import { serverStore } from '../folder/stores/server-store.js';
import { urlStore } from '../folder/stores/url-store.js';
import { messageOf } from '../message-of.js';
import type { Platform } from '../platform.js';
import type { Device } from '../sessions/device.js';
import type { PortLike } from '../worker/port.js';
import { WorkerError } from '../worker/worker-error.js';
import { openCache } from './browser-cache.js';
import { describeHost } from './describe-host.js';
import { get } from './get.js';
import { browserCodec } from './images.js';
import { defaultThreads, loadOnnxRuntime, objectionTo, type WebBuilds } from './onnxruntime.js';
import { browserPortability } from './portability.js';
import { resources } from './resources.js';
import { sha256 } from './sha256.js';

/**
 * Creates the platform of a browser with these builds of ONNX Runtime. A bundler includes no other builds.
 * @param builds the build of each device, the preferred device first.
 * @param spawn starts the worker with the same builds; undefined in that worker itself.
 */
export function createPlatform(builds: WebBuilds, spawn?: () => Worker): Platform {
  return {
    name: 'browser',
    describeHost: () => describeHost(builds),
    resources,
    autoDevices: Object.keys(builds) as Device[],
    objectionTo,
    loadOnnxRuntime: (device, options) => loadOnnxRuntime(builds, device, options),
    // Relative addresses start from the page or its <base>, in a worker from the worker, as for fetch.
    async openStore(source, network = {}) {
      if (!isHubName(source))
        return urlStore(get, source, network, globalThis.document?.baseURI ?? globalThis.location.href);
      const { hubFolder } = await import('../folder/stores/hub-folder.js');
      return serverStore(get, hubFolder(source, network.hub), network.idleTimeoutMs);
    },
    openCache,
    sha256,
    createCodec: browserCodec,
    startWorker(script) {
      if (script !== undefined) return new Worker(script, { type: 'module' });
      if (!spawn)
        throw new TypeError(
          'loadGlow: this code runs in the worker already; call it without the option worker',
        );
      return startOwn(spawn);
    },
    // More threads than cores would only wait for each other.
    threadsEach: (workers) => (workers > 1 ? Math.max(1, Math.floor(defaultThreads() / workers)) : undefined),
    createPortability: (limits) => browserPortability(browserCodec(limits)),
    openParent() {
      if (!('postMessage' in globalThis) || 'document' in globalThis) {
        throw new TypeError(
          "serveGlow: call it in a worker of a browser, and pass the worker's address to loadGlow",
        );
      }
      return { port: globalThis as unknown as PortLike };
    },
  };
}

/** @throws WorkerError if the browser refuses a worker, as it does if the script comes from another origin than the page. */
function startOwn(spawn: () => Worker): Worker {
  try {
    return spawn();
  } catch (cause) {
    throw new WorkerError(
      `loadGlow: the browser refuses the worker: ${messageOf(cause)}; leave out worker, or serve the scripts from the ` +
        'origin of the page',
      { cause },
    );
  }
}
