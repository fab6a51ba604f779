import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import { sizeOf } from '@glow-onnx/flow/internal';
import type { FloatTensor } from '@glow-onnx/runtime/session';

/** The part of the flat vector that holds a trainable parameter: `from` to `to`. */
export interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

export interface ParameterLayout {
  readonly places: readonly Place[];
  readonly size: number;
}

/** The order of a model's trainable parameters in a flat vector: one after the other, in the order of the model. */
export function parameterLayout(glow: Glow): ParameterLayout {
  const places: Place[] = [];
  let size = 0;
  for (const { name, shape, kind } of glow.params) {
    if (kind !== 'trainable') continue;
    places.push({ name, shape, from: size, to: size + sizeOf(shape) });
    size += sizeOf(shape);
  }
  return { places, size };
}

/** Named tensors as a flat vector. @throws RangeError naming a parameter that is missing or has another shape. */
export function flatten({ places, size }: ParameterLayout, named: Named<Float64Tensor>): Float32Array {
  const vector = new Float32Array(size);
  for (const { name, shape, from } of places) {
    const found: Float64Tensor | undefined = named[name];
    if (found === undefined) throw new RangeError(`parameters: "${name}" is missing`);
    if (found.shape.join() !== shape.join()) {
      throw new RangeError(
        `parameters: "${name}" must have the shape [${shape.join(', ')}], got [${found.shape.join(', ')}]`,
      );
    }
    vector.set(found.data, from);
  }
  return vector;
}

/** A copy of a flat vector as named tensors. */
export function namedCopies({ places }: ParameterLayout, vector: Float32Array): Named<Float64Tensor> {
  return Object.fromEntries(
    places.map(({ name, shape, from, to }) => [
      name,
      { shape, data: new Float64Array(vector.subarray(from, to)) },
    ]),
  );
}

/**
 * A flat vector as named tensors. Each reads its numbers from the vector when its `data` is read, so that no copy of
 * the whole vector in float64 is needed.
 */
export function namedViews({ places }: ParameterLayout, vector: Float32Array): Named<Float64Tensor> {
  return Object.fromEntries(
    places.map(({ name, shape, from, to }) => [
      name,
      {
        shape,
        get data() {
          return new Float64Array(vector.subarray(from, to));
        },
      },
    ]),
  );
}

/** A flat vector as float32 tensors that share its memory. */
export function tensorsOf(
  { places }: Pick<ParameterLayout, 'places'>,
  vector: Float32Array,
): Named<FloatTensor> {
  return Object.fromEntries(
    places.map(({ name, shape, from, to }) => [name, { shape, data: vector.subarray(from, to) }]),
  );
}

/** target += factor·source. */
export function addScaled(target: Float32Array, source: Float32Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] += factor * source[i];
}
