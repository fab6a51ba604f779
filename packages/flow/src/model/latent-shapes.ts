import type { GlowConfig } from './config.js';

/**
 * Shape of each latent for an image of this height and width, batch first, finest level first.
 * For 3×8×8 and two levels: [batch, 6, 4, 4], [batch, 24, 2, 2].
 */
export function latentShapes(
  config: Pick<GlowConfig, 'channels' | 'levels'>,
  batch: number,
  height: number,
  width: number,
): [number, number, number, number][] {
  const shapes: [number, number, number, number][] = [];
  for (let level = 0; level < config.levels; level++) {
    const side = 2 ** (level + 1);
    shapes.push([batch, latentChannels(config, level), height / side, width / side]);
  }
  return shapes;
}

/** Channels of a level's latent: C·2·2^l at a split, C·4·2^(L−1) at the top. */
export function latentChannels(config: Pick<GlowConfig, 'channels' | 'levels'>, level: number): number {
  const channels = config.channels * 4 * 2 ** level;
  return level === config.levels - 1 ? channels : channels / 2;
}
