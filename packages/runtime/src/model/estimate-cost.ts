import { checkInteger } from '../check.js';
import type { PictureSize } from '../pictures/limits.js';
import type { Platform } from '../platform.js';
import { type Cost, costOf } from './cost.js';
import type { GlowModel } from './model.js';

export function createEstimateCost(platform: Pick<Platform, 'resources'>) {
  return ({ config, device }: Pick<GlowModel, 'config' | 'device'>, size: PictureSize): Cost => {
    for (const side of ['height', 'width'] as const) checkInteger('estimateCost', side, size[side], 1);
    return costOf(config, size, device, platform.resources(device).cores);
  };
}
