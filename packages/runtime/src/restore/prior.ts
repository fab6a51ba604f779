/** log p(x) and the latents of each image of a batch. */
export interface Encoded {
  /** In nats, one for each image. */
  readonly logProb: Float32Array;
  /** One for each level, the images one after another. */
  readonly z: readonly Float32Array[];
}

/** What pulls a decoded image, in its shape; see docs/format.md. */
export interface Pull {
  readonly target: Float32Array;
  readonly weight: Float32Array;
  readonly cotangent: Float32Array;
}

/**
 * A flow as the density of a batch of images of one size. Images are in model units, one after another; the numbers of
 * an image that the model cannot compute are not finite.
 */
export interface Prior {
  readonly batch: number;
  /** Numbers of an image. */
  readonly size: number;
  /** Numbers of an image's latents, for each level. */
  readonly latentSizes: readonly number[];
  encode(x: Float32Array): Promise<Encoded>;
  /** With ∂ log p(x)/∂x. */
  gradient(x: Float32Array): Promise<Encoded & { readonly gradient: Float32Array }>;
  decode(z: readonly Float32Array[]): Promise<Float32Array>;
  /** decode(z), and the transposed Jacobian times weight·(x − target) + cotangent. */
  pull(
    z: readonly Float32Array[],
    pull: Pull,
  ): Promise<{ readonly x: Float32Array; readonly dz: readonly Float32Array[] }>;
}
