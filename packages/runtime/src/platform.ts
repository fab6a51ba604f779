import type { ModelCache, Sha256 } from './folder/model-cache.js';
import type { ModelStore } from './folder/model-store.js';
import type { NetworkOptions } from './folder/stores/url-store.js';
import type { Resources } from './model/memory-budget.js';
import type { ImageCodec } from './pictures/codec.js';
import type { ImageLimits } from './pictures/limits.js';
import type { Device } from './sessions/device.js';
import type { OnnxRuntime, RuntimeOptions } from './sessions/onnx-runtime.js';
import type { PortLike, WorkerLike } from './worker/port.js';
import type { Portability } from './worker/portability.js';

/** The program's environment, as `diagnose` reports it. */
export interface Host {
  /** Node's version and its system, or the user agent of the browser. */
  readonly host: string;
  /** Processor cores. */
  readonly cores: number;
  /** Devices that the installed ONNX Runtime includes. */
  readonly bundled: readonly Device[];
  /** Whether WebAssembly can be compiled. A content security policy must allow 'wasm-unsafe-eval'. */
  readonly wasm: boolean;
  /** Threads that wasm uses by default. */
  readonly threads: number;
  /** Browsers: whether the page may share memory between threads (`crossOriginIsolated`). */
  readonly isolated?: boolean;
  /** Browsers: whether the page is a secure context, which WebGPU needs. */
  readonly secure?: boolean;
}

/** A worker's connection to its caller. */
export interface Parent {
  readonly port: PortLike;
  /** Makes a folder the one that relative paths start from. */
  enter?(folder: string): void;
}

/**
 * Everything that differs between Node and browsers. package.json's conditions choose the platform that `#platform`
 * imports. All other code of this package is the same on both.
 */
export interface Platform {
  readonly name: 'node' | 'browser';
  describeHost(): Promise<Host>;
  /** What the machine offers to a model on this device, now. */
  resources(device: Device): Resources;
  /** The devices that `device: 'auto'` tries, best first. */
  readonly autoDevices: readonly Device[];
  /** Why `auto` passes over a device even if it is available; undefined if `auto` tries it. */
  objectionTo(device: Device): Promise<string | undefined>;
  /** @throws DeviceError if the device is not available here. The message says what to install or to pass. */
  loadOnnxRuntime(device: Device, options: RuntimeOptions): Promise<OnnxRuntime>;
  /** The folder at a path (Node), at an address, or in a repository of a hub. */
  openStore(source: string | URL, network?: NetworkOptions): Promise<ModelStore>;
  /** The cache at this location; default: the user's own. */
  openCache(location?: string): ModelCache;
  readonly sha256: Sha256;
  createCodec(limits: ImageLimits, network?: NetworkOptions): ImageCodec;
  /** Starts a worker with this script, which calls `serveGlow`; default: the script of this package. */
  startWorker(script?: string | URL): WorkerLike;
  /** Threads of ONNX Runtime in each of several workers; undefined: its own default. */
  threadsEach(workers: number): number | undefined;
  createPortability(limits: ImageLimits): Portability;
  /** In a worker: the connection to its caller. @throws TypeError elsewhere. */
  openParent(): Parent;
}
