import { permute, reshape, type Value } from '@glow-onnx/graph';

/**
 * A weight in its own shape, or an image [channels, height·width·batch]. So a 1×1 convolution and each of its two
 * gradients are single large matrix products, and an image moves by copies of whole rows of whole batches.
 */
export type TrainingValue = Value & {
  readonly size?: Size;
  /** The image before a scale and a shift of its channels. A convolution may take both into its weights. */
  readonly affine?: { readonly x: Value; readonly scale: Value; readonly shift: Value };
};

export interface Size {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** An image from the rows of a batch [count, height, width, channels]. */
export function imageOf(rows: Value): TrainingValue {
  const [batch, height, width, channels] = rows.shape as number[];
  return sized(reshape(permute(rows, [3, 1, 2, 0]), [channels, -1]), { batch, height, width });
}

/** Images of one pixel from one-hot classes [count, classes]. */
export function labelOf(rows: Value): TrainingValue {
  return sized(permute(rows, [1, 0]), { batch: rows.shape[0] as number, height: 1, width: 1 });
}

/** The value as an image of this size, or as a weight if `size` is undefined. */
export function sized(value: Value, size: Size | undefined): TrainingValue {
  return size ? { ...value, size } : value;
}

type Binary<T> = (a: T, b: T) => T;

/** An operator for two weights or two images. One image may be stretched to the size of the other. */
export function binary(operator: Binary<Value>): Binary<TrainingValue> {
  return (a, b) => {
    if (!a.size || !b.size) return sized(operator(a, b), a.size ?? b.size); // a number for all pixels
    const size = {
      batch: Math.max(a.size.batch, b.size.batch),
      height: Math.max(a.size.height, b.size.height),
      width: Math.max(a.size.width, b.size.width),
    };
    const total = pixels(size);
    const plain = [a.size, b.size].every((one) => [1, total].includes(pixels(one)));
    return sized(plain ? operator(a, b) : flat(operator(byImage(a), byImage(b))), size);
  };
}

export function pixels({ batch, height, width }: Size): number {
  return batch * height * width;
}

/** An image as [channels, height·width, batch]. */
export function byImage(x: TrainingValue): Value {
  const { channels, batch, height, width } = extents(x);
  return reshape(x, [channels, height * width, batch]);
}

/** [channels, height·width, batch] as [channels, height·width·batch]. */
function flat(x: Value): Value {
  return reshape(x, [x.shape[0] as number, -1]);
}

export interface Extents extends Size {
  readonly channels: number;
}

/** The sizes of an image. @throws TypeError for a weight. */
export function extents(x: TrainingValue): Extents {
  if (!x.size) throw new TypeError('graph-ops: expected an image, got a weight');
  return { channels: x.shape[0] as number, ...x.size };
}

/** A vector [channels] as [channels, 1]. */
export function column(vector: Value): Value {
  return reshape(vector, [-1, 1]);
}
