/**
 * What a map of surprise shows. `terms`: the bits of each pixel, the terms of −log₂ p(x) in place. `gradient`: how fast
 * the bits of the image change with a pixel, in bits for one step of its value: the length of ∂ log₂ p(x)/∂x over the
 * pixel's channels.
 */
export type SurpriseForm = 'terms' | 'gradient';

export const forms: readonly SurpriseForm[] = ['terms', 'gradient'];
