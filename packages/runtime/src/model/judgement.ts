import { printable } from '@glow-onnx/flow/manifest';
import { takesPixels } from '@glow-onnx/flow/pixels';
import { type Calibration, checkCalibration } from '../calibration/calibration.js';
import { type Judge, judgeOf } from '../calibration/judge.js';
import { wantedFor } from './calibrate.js';
import { identityOf } from './latents-model.js';
import type { DrawOptions, Wanted } from './measure.js';
import type { ModelParts } from './model-parts.js';

/** How new images are measured and judged by a calibration. */
export interface Judgement extends Pick<Judge, 'judge'> {
  readonly scoring: Pick<Calibration, 'draws' | 'bound' | 'fit'>;
  readonly wanted: Wanted;
}

/**
 * @param given how the caller wants the images measured, where it says so.
 * @throws RangeError if the calibration is of another model or precision, or was measured in another way; and what
 *   `judgeOf` and `checkCalibration` throw.
 */
export function judgementBy(
  { manifest, precision }: ModelParts,
  calibration: Calibration,
  falseAlarms: number | undefined,
  given: DrawOptions,
): Judgement {
  const where = 'score: calibration';
  checkCalibration(calibration, where);
  const model = identityOf({ manifest, precision });
  if (calibration.model !== model) {
    const [other, own] = [calibration.model, model].map((sha) => printable(sha.slice(0, 12)));
    throw new RangeError(
      `${where}: it belongs to the model with weights ${other}… (${calibration.precision}), this model has ${own}… ` +
        `(${precision}); calibrate this model`,
    );
  }
  for (const option of ['draws', 'bound', 'fit'] as const) {
    if (given[option] === undefined || given[option] === calibration[option]) continue;
    throw new RangeError(
      `${where}: it was made with ${option} ${calibration[option]}, not ${given[option]}; leave ${option} out, or calibrate again`,
    );
  }
  const names = Object.keys(calibration.scores);
  if (names.includes('excess') && !takesPixels(manifest.config)) {
    throw new RangeError(
      `${where}: it has excess, which is about pixels, and this model takes numbers; calibrate this model`,
    );
  }
  const levels = names.filter((name) => name.startsWith('level')).length;
  if (levels > 0 && levels !== manifest.config.levels) {
    throw new RangeError(
      `${where}: it has ${levels} levels, this model has ${manifest.config.levels}; calibrate this model`,
    );
  }
  const { draws, bound, fit } = calibration;
  const { judge } = judgeOf(calibration, falseAlarms, where);
  return { judge, scoring: { draws, bound, fit }, wanted: wantedFor(names) };
}
