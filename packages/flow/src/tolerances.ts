/** Largest errors allowed of an exported graph against the float64 interpreter. */
export interface Tolerances {
  /** z, relative to the largest |z| (or 1). */
  readonly latents: number;
  /** log p(x), relative to its size in nats or the number of dimensions, whichever is larger. */
  readonly logProb: number;
  /** x of decode, and of decode(encode(x)), in model units. */
  readonly image: number;
}

/**
 * By provider and precision. A coupling's exp(s) multiplies rounding errors, s up to 2 each, so errors grow with
 * depth: float32 rounds to 6e-8, one step leaves 1e-7, trained models of 36 to 96 steps 1e-6 to 1e-4. 1e-3 in x is a
 * quarter of an 8-bit bin, half of which a round trip may lose before a pixel changes.
 */
export const tolerances = {
  cpu: { fp32: { latents: 1e-3, logProb: 1e-4, image: 1e-3 } },
} as const satisfies Record<string, Record<string, Tolerances>>;
