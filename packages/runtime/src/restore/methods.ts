/**
 * How a search goes. `density` climbs log p. `latents` looks for likely latents instead: with many bits the highest
 * density lies at spikes that no image has.
 */
export const methods = ['density', 'latents'] as const;
export type Method = (typeof methods)[number];
