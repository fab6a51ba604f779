/**
 * An image in model units, feature maps of a model of numbers, or a derivative with respect to one: channels × height ×
 * width float32 numbers, row-major. Bin q of an n-bit image has its centre at (q + ½)/2ⁿ − ½.
 */
export interface FloatImage {
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number];
  readonly data: Float32Array;
  /** What messages call it, such as the file and the item that it comes from. Default: its place in the call. */
  readonly name?: string;
}

export function isFloatImage(input: unknown): input is FloatImage {
  return typeof input === 'object' && input !== null && 'shape' in input && 'data' in input;
}
