/**
 * How the conditioners' convolutions are kept and computed; everything else is float32 in each. `…-weights` are stored
 * small and computed in float32; `fp16` also computes in half precision.
 */
export const precisions = ['fp32', 'fp16-weights', 'int8-weights', 'fp16'] as const;
export type Precision = (typeof precisions)[number];
