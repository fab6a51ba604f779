import type { InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';
import type { ImageCodec, RawImage } from './images.js';
import type { ModelStore } from './model-folder.js';
import type { Device } from './session.js';

/** What this package uses of ONNX Runtime; its Node and its web builds offer it. */
export interface OnnxRuntime {
  /** Package and version, such as `onnxruntime-node 1.30.0`. */
  readonly name: string;
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/**
 * What the SDK needs of the place it runs in: one for Node, one for browsers. `#platform` is the one that
 * package.json's conditions choose; everything else of this package is the same in both.
 */
export interface Platform {
  readonly name: 'node' | 'browser';
  /** What `device: 'auto'` tries, best first. */
  readonly autoDevices: readonly Device[];
  /** @throws Error if this device cannot be had here, saying what to install or to pass. */
  loadOnnxRuntime(device: Device): Promise<OnnxRuntime>;
  /** The folder at a path (Node) or an address. */
  openStore(source: string): ModelStore;
  createCodec(limits: ImageLimits): ImageCodec;
  encodePng(image: RawImage): Promise<Uint8Array>;
}

export interface ImageLimits {
  /** Largest picture to decode, in pixels. */
  readonly maxPixels: number;
}

/** Bytes that outlive the program, by key; a write replaces what was there. Losing them is harmless. */
export interface KeyValueCache {
  read(key: string): Promise<Uint8Array | undefined>;
  write(key: string, bytes: Uint8Array): Promise<void>;
}
