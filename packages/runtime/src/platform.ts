import type { ModelCache, Sha256 } from './folder/model-cache.js';
import type { ModelStore } from './folder/model-store.js';
import type { ImageCodec } from './pictures/codec.js';
import type { ImageLimits } from './pictures/limits.js';
import type { Device } from './sessions/device.js';
import type { OnnxRuntime, RuntimeOptions } from './sessions/onnx-runtime.js';
import type { WorkerChoice, WorkerLike } from './worker/port.js';

/** A place to run in, for `diagnose`. */
export interface Host {
  /** Node and its system, or the browser as it calls itself. */
  readonly host: string;
  readonly cores: number;
  /** Devices that the installed ONNX Runtime brings. */
  readonly bundled: readonly Device[];
  /** Whether WebAssembly may be compiled: a content security policy needs 'wasm-unsafe-eval' for it. */
  readonly wasm: boolean;
  /** That wasm computes with, by default. */
  readonly threads: number;
  /** Browsers: whether the page may share memory between threads (`crossOriginIsolated`). */
  readonly isolated?: boolean;
  /** Browsers: whether the page is a secure context, which WebGPU needs. */
  readonly secure?: boolean;
}

/**
 * What the SDK needs of the place it runs in: one for Node, one for browsers. `#platform` is the one that
 * package.json's conditions choose; everything else of this package is the same in both.
 */
export interface Platform {
  readonly name: 'node' | 'browser';
  describeHost(): Promise<Host>;
  /** What `device: 'auto'` tries, best first. */
  readonly autoDevices: readonly Device[];
  /** Why `auto` passes over a device that may well be there; undefined if it does not. */
  objectionTo(device: Device): Promise<string | undefined>;
  /** @throws DeviceError if this device cannot be had here, saying what to install or to pass. */
  loadOnnxRuntime(device: Device, options: RuntimeOptions): Promise<OnnxRuntime>;
  /** The folder at a path (Node) or an address. */
  openStore(source: string | URL): ModelStore;
  /** A cache at this place; without one, the user's own. */
  openCache(location?: string): ModelCache;
  readonly sha256: Sha256;
  createCodec(limits: ImageLimits): ImageCodec;
  /** Starts a worker that loads a model. @throws TypeError where there are none. */
  openWorker(choice: WorkerChoice): WorkerLike;
}
