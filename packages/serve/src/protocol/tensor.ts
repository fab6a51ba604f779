/** A float32 tensor, row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The tensors of a call by their names. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A tensor as the metadata of a model describes it. An extent of −1 is free; the first one is that of the batch. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: 'FP32';
  readonly shape: readonly number[];
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The tensors of each image of a batch: views without the first extent. */
export function unstack(tensors: Tensors, count: number): Tensors[] {
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => {
        const size = data.length / count;
        return [name, { shape: shape.slice(1), data: data.subarray(i * size, (i + 1) * size) }];
      }),
    ),
  );
}

/** The tensors of images as those of a batch. The images have equal shapes. */
export function stack(rows: readonly Tensors[]): Tensors {
  const [first] = rows as [Tensors];
  return Object.fromEntries(
    Object.entries(first).map(
      ([
        name,
        {
          shape,
          data: { length },
        },
      ]) => {
        const data = new Float32Array(rows.length * length);
        for (const [i, row] of rows.entries()) data.set((row[name] as Tensor).data, i * length);
        return [name, { shape: [rows.length, ...shape], data }];
      },
    ),
  );
}
