import { aBoolean, anything, integerFrom, type Rules } from '@glow-onnx/flow/manifest';
import type { InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';
import type { Queue } from './queue.js';

/** The part of ONNX Runtime that this package uses. Its Node build and its web builds have it. */
export interface OnnxRuntime {
  /** Package and version, such as `onnxruntime-node 1.30.0`. */
  readonly name: string;
  /** The model of the processor or GPU, with its driver; undefined if it is not known. */
  readonly processor: string | undefined;
  /** Opens, runs and frees sessions: one at a time where ONNX Runtime or its device allows no more. */
  readonly inTurn: Queue;
  /** Whether a session can map weights from a folder of the disk, see `folder` of `GraphSource`. */
  readonly mapsFiles: boolean;
  /** Threads of a session; default: ONNX Runtime decides. */
  readonly threads?: number | undefined;
  /** What to do if ONNX Runtime cannot open a session. */
  readonly advice: string;
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/** The rules of `RuntimeOptions`. */
export const runtimeRules: Rules<RuntimeOptions> = {
  allowTf32: aBoolean,
  threads: integerFrom(1),
  wasmPaths: anything,
};

/** Settings of ONNX Runtime. The first model on a device decides them for the whole process or tab. */
export interface RuntimeOptions {
  /**
   * cuda: multiplies float32 with 10 bits of mantissa (TF32), on cards that have it. Faster, with errors of 1e-3,
   * which the inverse of a flow amplifies. Default false.
   */
  readonly allowTf32?: boolean;
  /**
   * cpu and wasm: threads to compute with. Default on the cpu: one for each core; on wasm: half the cores, at most 4,
   * or 1 in a page that is not cross-origin isolated.
   */
  readonly threads?: number;
  /**
   * Where ONNX Runtime's .wasm file is served, and its .mjs file for several threads: a folder, or an address each.
   * Default: beside the bundle. No other server is asked.
   */
  readonly wasmPaths?: string | { readonly wasm?: string; readonly mjs?: string };
}
