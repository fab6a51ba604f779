import { checkValue, describe, integerFrom } from '@glow-onnx/flow/manifest';
import type { PictureSize } from '../pictures/limits.js';
import type { Platform } from '../platform.js';
import { type Cost, costOf } from './cost.js';
import type { GlowModel } from './model.js';

export function createEstimateCost(platform: Pick<Platform, 'resources'>) {
  return (model: Pick<GlowModel, 'config' | 'device'>, size: PictureSize): Cost => {
    const where = 'estimateCost';
    if (!model?.config) throw new TypeError(`${where}: expected a loaded model, got ${describe(model)}`);
    if (typeof size !== 'object' || size === null) {
      throw new TypeError(`${where}: expected a size in pixels, { height, width }, got ${describe(size)}`);
    }
    for (const side of ['height', 'width'] as const) checkValue(where, side, size[side], integerFrom(1));
    const { config, device } = model;
    return costOf(config, size, device, platform.resources(device).cores);
  };
}
