import type { InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';
import type { Queue } from './queue.js';

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
