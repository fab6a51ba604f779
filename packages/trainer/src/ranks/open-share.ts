import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import { type EngineOptions, openDifferentiator } from '../assembly/open-differentiator.js';
import type { Differentiator } from '../engine/differentiator.js';
import type { TrainSettings } from '../settings/settings.js';
import { acrossRanks } from './across-ranks.js';
import type { Ranks } from './ranks.js';

/**
 * Opens what computes gradients of this rank's share of each batch, on one thread unless `threads` is given, and averages
 * them over the ranks.
 * @throws RangeError if the ranks cannot share a batch equally; else as `openDifferentiator`.
 */
export async function openShare(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  settings: TrainSettings,
  options: EngineOptions,
  ranks: Ranks,
): Promise<Differentiator> {
  const { size } = ranks;
  if (size === 1) return openDifferentiator(glow, fixed, settings, options);
  const { batch, accumulate } = settings;
  if (batch % size > 0 || batch / size < accumulate) {
    const parts = accumulate > 1 ? ` in ${accumulate} parts each` : '';
    throw new RangeError(
      `settings: batch must be a number of images that ${size} ranks can share equally${parts}, got ${batch}; ` +
        'pass a multiple, or start another number of ranks',
    );
  }
  const share = { ...settings, batch: batch / size };
  const { threads = 1, ...others } = options;
  return acrossRanks(await openDifferentiator(glow, fixed, share, { ...others, threads }), ranks);
}
