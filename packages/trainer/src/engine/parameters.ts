import { type Float64Tensor, type Glow, type Named, tensor } from '@glow-onnx/flow';
import { sizeOf } from '@glow-onnx/flow/internal';
import type { FloatTensor } from '@glow-onnx/runtime/session';

/** Where a trainable parameter lies in the flat vector. */
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

/** All trainable parameters of a model one after the other, in its own order. */
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

/** Writes named tensors into a flat vector. @throws RangeError as `checkParameters` does, before anything is written. */
export function flatten(layout: ParameterLayout, named: Named<Float64Tensor>, into: Float32Array): void {
  checkParameters(layout, named);
  for (const { name, from } of layout.places) into.set(named[name].data, from);
}

/** @throws RangeError naming a parameter that is missing or has another shape. */
export function checkParameters({ places }: ParameterLayout, named: Named<Float64Tensor>): void {
  for (const { name, shape } of places) {
    const found: Float64Tensor | undefined = named[name];
    if (found === undefined) throw new RangeError(`parameters: "${name}" is missing`);
    if (found.shape.join() === shape.join()) continue;
    throw new RangeError(
      `parameters: "${name}" is to be [${shape.join(', ')}], got [${found.shape.join(', ')}]`,
    );
  }
}

/** Copies a flat vector out as named tensors. */
export function unflatten(layout: ParameterLayout, flat: Float32Array): Named<Float64Tensor> {
  return Object.fromEntries(
    layout.places.map(({ name, shape, from, to }) => [name, tensor(shape, flat.subarray(from, to))]),
  );
}

/** The same without a copy of the whole: a tensor's numbers are copied each time that they are looked at. */
export function viewed({ places }: ParameterLayout, flat: Float32Array): Named<Float64Tensor> {
  return Object.fromEntries(
    places.map(({ name, shape, from, to }) => [
      name,
      {
        shape,
        get data() {
          return new Float64Array(flat.subarray(from, to));
        },
      },
    ]),
  );
}

/** A flat vector as float32 tensors, each a view of its part. */
export function tensorsOf(
  { places }: Pick<ParameterLayout, 'places'>,
  flat: Float32Array,
): Named<FloatTensor> {
  return Object.fromEntries(
    places.map(({ name, shape, from, to }) => [name, { shape, data: flat.subarray(from, to) }]),
  );
}
