import type { InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';
import type { ModelCache } from './folder/model-cache.js';
import type { ModelStore } from './folder/model-store.js';
import type { ImageCodec } from './pictures/images.js';
import type { ImageLimits } from './pictures/limits.js';
import type { Device } from './session.js';
import type { Queue } from './sessions/queue.js';
import type { WorkerChoice, WorkerLike } from './worker/protocol.js';

/** What this package uses of ONNX Runtime; its Node and its web builds offer it. */
export interface OnnxRuntime {
  /** Package and version, such as `onnxruntime-node 1.30.0`. */
  readonly name: string;
  /** What computes: the model of a processor or GPU with its driver; undefined where nothing tells it. */
  readonly processor: string | undefined;
  /** Opens, runs and frees sessions: one at a time where ONNX Runtime or its device bears no more. */
  readonly inTurn: Queue;
  /** Threads of a session, if not as many as ONNX Runtime thinks right. */
  readonly threads?: number | undefined;
  /** What to do where it cannot open a session. */
  readonly advice: string;
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/** How ONNX Runtime is set up. The first model on a device decides; it holds for the process or tab. */
export interface RuntimeOptions {
  /**
   * cuda: products of float32 with 10 bits of mantissa, on cards that have it. Faster, and off by 1e-3, which a
   * flow's inverse cannot bear for long. Default false.
   */
  readonly allowTf32?: boolean;
  /**
   * cpu and wasm: threads to compute with. Default on the cpu: one a core; on wasm: half the cores, at most 4, or 1
   * in a page that is not cross-origin isolated.
   */
  readonly threads?: number;
  /** Where ONNX Runtime's .wasm and .mjs files are served; default: beside the bundle. No other place is ever asked. */
  readonly wasmPaths?: string | { readonly wasm?: string; readonly mjs?: string };
}

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
  /** In hex. */
  sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
  createCodec(limits: ImageLimits): ImageCodec;
  /** Starts a worker that loads a model. @throws TypeError where there are none. */
  openWorker(choice: WorkerChoice): WorkerLike;
}

/** Bytes that outlive the program, by key, any string. Neither call fails: what cannot be kept is lost, harmlessly. */
export interface KeyValueCache {
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
}
