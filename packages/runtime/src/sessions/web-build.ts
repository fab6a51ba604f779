import type { Env } from 'onnxruntime-common';
import type { RuntimeOptions } from './onnx-runtime.js';

/** Sets up a web build of ONNX Runtime. Its own log is off, because errors are thrown. */
export function setUpWebBuild(env: Env, { threads, wasmPaths }: RuntimeOptions): void {
  env.logLevel = 'fatal';
  if (threads !== undefined) env.wasm.numThreads = threads;
  if (wasmPaths !== undefined) env.wasm.wasmPaths = wasmPaths;
}

/** What WebAssembly can address. */
export const wasmBytes = 2 ** 32;

/** The threads of a web build by default. More than four gain little. */
export function defaultWasmThreads(cores: number): number {
  return Math.min(4, Math.ceil(cores / 2));
}
