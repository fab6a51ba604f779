import { urlStore } from '../folder/stores/url-store.js';
import type { Platform } from '../platform.js';
import type { Device } from '../sessions/device.js';
import { openCache } from './browser-cache.js';
import { describeHost } from './describe-host.js';
import { get } from './get.js';
import { browserCodec } from './images.js';
import { loadOnnxRuntime, objectionTo, type WebBuilds } from './onnxruntime.js';
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
    openStore: (source, network = {}) =>
      urlStore(get, source, network, globalThis.document?.baseURI ?? globalThis.location.href),
    openCache,
    sha256,
    createCodec: browserCodec,
    openWorker(choice) {
      if (typeof choice === 'object' && 'postMessage' in choice) return choice;
      if (typeof choice !== 'boolean') return new Worker(choice, { type: 'module' });
      if (!spawn)
        throw new TypeError(
          'loadGlow: this code runs in the worker already; call it without the option worker',
        );
      return spawn();
    },
  };
}
