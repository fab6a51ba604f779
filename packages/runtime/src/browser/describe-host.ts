import type { Host } from '../platform.js';
import { canCompileWasm } from '../sessions/can-compile-wasm.js';
import { defaultThreads, type WebBuilds } from './onnxruntime.js';

/** Describes the browser and the page. */
export async function describeHost(builds: WebBuilds): Promise<Host> {
  return {
    host: navigator.userAgent,
    cores: navigator.hardwareConcurrency || 1,
    bundled: Object.keys(builds) as (keyof WebBuilds)[],
    wasm: canCompileWasm(),
    threads: defaultThreads(),
    isolated: globalThis.crossOriginIsolated,
    secure: globalThis.isSecureContext,
  };
}
