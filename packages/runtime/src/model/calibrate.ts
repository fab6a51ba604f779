import { describe, type GlowConfig } from '@glow-onnx/flow/manifest';
import { takesPixels } from '@glow-onnx/flow/pixels';
import { type Calibration, leastReference, maxValues } from '../calibration/calibration.js';
import { checkCount, judgeOf } from '../calibration/judge.js';
import { splitByGroup } from '../calibration/split.js';
import {
  defaultStatistics,
  type Statistic,
  type StatisticValues,
  valueNames,
} from '../calibration/statistics.js';
import { fits } from '../pictures/fits.js';
import type { ImageInput } from '../pictures/input.js';
import { startCall } from './call.js';
import { collect } from './collect.js';
import type { FloatImage } from './float-image.js';
import { identityOf } from './latents-model.js';
import {
  checkDraws,
  type DrawOptions,
  defaultBound,
  drawsOf,
  type Measured,
  measureImages,
  type Wanted,
} from './measure.js';
import type { ModelParts } from './model-parts.js';

/** Options of `GlowModel.calibrate`. `seed` is also that of the random split. */
export interface CalibrateOptions extends DrawOptions {
  /** The false-alarm rate of verdicts; default 0.01. `score` can ask for another one. */
  readonly falseAlarms?: number;
  /**
   * What may be unusual about an image; default density, excess and levels. `surprise` and
   * `gradient` need a second pass each.
   */
  readonly statistics?: readonly Statistic[];
  /**
   * The group of each image, such as the photograph that a patch was cut from. Images of a group are alike, so one of
   * each group counts. A new image must be of a group of its own. Default: each image is a group.
   */
  readonly groups?: readonly (string | number)[];
}

export async function calibrate(
  parts: ModelParts,
  images: readonly (ImageInput | FloatImage)[],
  { falseAlarms = 0.01, statistics: asked, groups, ...options }: CalibrateOptions = {},
): Promise<Calibration> {
  const name = 'calibrate';
  const { manifest, precision } = parts;
  const statistics = chosenStatistics(manifest.config, asked);
  checkDraws(manifest.config, name, options);
  const grouped = groups !== undefined;
  checkLists(images, groups, statistics);
  const { bound = defaultBound, fit = fits[0], seed = 0 } = options;
  const draws = drawsOf(manifest.config, options);
  const split = splitByGroup(groups ?? images.map((_, i) => i), seed);
  checkCount(name, split.scores.length, falseAlarms, grouped); // now, not after an hour
  if (split.reference.length < leastReference) {
    throw new RangeError(
      `${name}: a quarter of the images is for reference, and that needs ${leastReference}; there are ${split.reference.length}`,
    );
  }
  const call = startCall(manifest, name, images, options);
  const measured = measureImages(parts, call, images, options, wantedFor(statistics));
  const values = await collect(call, measured, valuesOf);
  const names = valueNames(statistics, manifest.config.levels);
  const columnsOf = (places: readonly number[]) =>
    Object.fromEntries(
      names.map((column) => [column, places.map((at) => (values[at] as StatisticValues)[column] as number)]),
    );
  const calibration: Calibration = {
    ...{ model: identityOf({ manifest, precision }), precision, draws, bound, fit },
    ...{ falseAlarms, grouped, reference: columnsOf(split.reference), scores: columnsOf(split.scores) },
  };
  judgeOf(calibration, falseAlarms, name); // finds a statistic that does not vary
  return calibration;
}

/** @throws RangeError if numbers, which no compressor packs, are to have an excess. */
function chosenStatistics(
  config: GlowConfig,
  asked: readonly Statistic[] = defaultStatistics.filter((name) => takesPixels(config) || name !== 'excess'),
): readonly Statistic[] {
  if (takesPixels(config) || !asked.includes('excess')) return asked;
  throw new RangeError(
    'calibrate: statistics: excess is about pixels, and this model takes numbers; leave it out',
  );
}

/** What has to be measured besides bits. */
export function wantedFor(statistics: readonly string[]): Wanted {
  const passes = (['surprise', 'gradient'] as const).filter((name) => statistics.includes(name));
  return { complexity: statistics.includes('excess'), passes };
}

/** The value of each statistic that was measured. */
export function valuesOf({ bitsPerDim, levels, complexity, passes }: Measured): StatisticValues {
  return {
    density: bitsPerDim,
    ...(complexity !== undefined && { excess: bitsPerDim - complexity }),
    ...Object.fromEntries(levels.map((bits, level) => [`level${level}`, bits])),
    ...passes,
  };
}

function checkLists(
  images: readonly unknown[],
  groups: readonly unknown[] | undefined,
  statistics: readonly Statistic[],
): void {
  if (images.length > maxValues) {
    throw new RangeError(`calibrate: expected at most ${maxValues} images, got ${images.length}`);
  }
  if (statistics.length === 0) throw new RangeError('calibrate: statistics must name at least one');
  if (groups === undefined) return;
  const bad = groups.findIndex((group) => typeof group !== 'string' && typeof group !== 'number');
  if (bad >= 0) {
    throw new TypeError(
      `calibrate: groups must be a list of texts or numbers, got ${describe(groups[bad])} at ${bad}`,
    );
  }
  if (groups.length !== images.length) {
    throw new RangeError(`calibrate: ${images.length} images need as many groups, got ${groups.length}`);
  }
}
