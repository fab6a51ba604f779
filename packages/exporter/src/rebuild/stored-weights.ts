import { type Float64Tensor, tensor } from '@glow-onnx/flow';
import { sizeOf } from '@glow-onnx/flow/internal';
import { decodeModel } from '@glow-onnx/graph';

/** The float32 weights of a graph, by name. */
export interface StoredWeights {
  /**
   * The numbers of a weight. Extents may be joined or split: [12, 3, 2, 2] matches [12, 12].
   * @throws RangeError if the graph has no such weight, or it has another number of elements.
   */
  take(name: string, shape: readonly number[]): Float64Tensor;
  /** Whether the graph has a weight of this name. */
  has(name: string): boolean;
}

/** A graph as its bytes, and the bytes of the weights file beside it. */
export interface GraphBytes {
  readonly model: Uint8Array;
  readonly weights: Uint8Array | undefined;
}

/** Reads the weights of a graph that has been checked. Each is copied when it is taken. */
export function openWeights({ model, weights = new Uint8Array() }: GraphBytes): StoredWeights {
  const all = new Map(decodeModel(model).graph.initializers.map((entry) => [entry.name, entry]));
  const find = (name: string) => {
    const found = all.get(name);
    if (found?.dtype === 'float32') return found;
    throw new RangeError(
      `the encode graph has no weight "${name}"; it was written in another form, so export the model again`,
    );
  };
  return {
    has: (name) => all.has(name),
    take(name, shape) {
      const { shape: found, data } = find(name);
      if (sizeOf(found) !== sizeOf(shape)) {
        throw new RangeError(`"${name}": expected shape [${shape.join(', ')}], got [${found.join(', ')}]`);
      }
      const raw =
        data instanceof Uint8Array ? data : weights.subarray(data.offset, data.offset + data.length);
      return tensor(shape, Float64Array.from(new Float32Array(Uint8Array.from(raw).buffer)));
    },
  };
}
