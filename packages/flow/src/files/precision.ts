/**
 * How the conditioners' convolutions are stored and computed; all other weights are float32. `fp16-weights` and
 * `int8-weights` are stored small and computed in float32. `fp16` is also computed in half precision.
 */
export const precisions = ['fp32', 'fp16-weights', 'int8-weights', 'fp16'] as const;
/** A name of `precisions`. */
export type Precision = (typeof precisions)[number];
