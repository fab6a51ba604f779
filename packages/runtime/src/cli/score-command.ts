import { takesPixels } from '@glow-onnx/flow/pixels';
import type { Calibration } from '../calibration/calibration.js';
import { falseAlarmsIn } from '../calibration/judge.js';
import { mean } from '../mean.js';
import { defaultBound, defaultDraws } from '../model/measure.js';
import { checkOutputs } from '../node/check-outputs.js';
import { fits } from '../pictures/fits.js';
import { type DrawFlags, describeRate, readCalibration } from './calibrate-command.js';
import { shownImage } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { heatMapOutput } from './heat-maps.js';
import { readInputs } from './inputs.js';
import type { Shard } from './options.js';
import type { Report } from './report.js';
import { type Context, partly, withModel } from './run.js';
import { given } from './run-program.js';
import { keepScores, scoringOf, writeScores } from './score-file.js';
import { type NamedScore, notes, scoreTable, verdictTable } from './score-table.js';

export interface ScoreFlags extends DrawFlags {
  readonly calibration?: string;
  readonly falseAlarms?: number;
  readonly shard?: Shard;
  readonly out?: string;
  readonly heatmap?: string;
  readonly resume: boolean;
  readonly force: boolean;
}

export async function score(
  directory: string,
  paths: readonly string[],
  { shard, out, heatmap, resume, force, calibration: file, falseAlarms, tensor, ...flags }: ScoreFlags,
  context: Context,
): Promise<Report> {
  if (out === undefined && (resume || (force && heatmap === undefined))) {
    throw new RangeError(
      `--${resume ? 'resume' : 'force'} is about the file --out; pass --out too, or leave it out`,
    );
  }
  if (out !== undefined && heatmap !== undefined) {
    throw new RangeError('--out writes no table and --heatmap adds to it; run the command once for each');
  }
  if (file === undefined && falseAlarms !== undefined) {
    throw new RangeError('--false-alarms is about verdicts; pass --calibration too, or leave it out');
  }
  const calibration = file === undefined ? undefined : await readCalibration(file);
  const judging = calibration ? { calibration, falseAlarms: falseAlarms ?? calibration.falseAlarms } : {};
  const { inputs, names, noun, files, leftOut, named } = await readInputs(paths, { tensor, shard });
  const read = [directory, ...files, ...(file === undefined ? [] : [file])];
  if (heatmap !== undefined && named === undefined) {
    throw new RangeError('--heatmap draws over images, and .safetensors files have numbers; leave it out');
  }
  const draw = heatmap === undefined || !named ? undefined : await heatMapOutput(heatmap, force, named, read);
  if (out !== undefined && !resume) checkOutputs([out], read, force);
  const { fitted, onFit } = gatherFitted(names);
  return withModel(directory, flags, context, async (model, options) => {
    const { fit, ...ofDraws } = scoringWith(flags, calibration, takesPixels(model.config));
    const scoring = { ...ofDraws, fit, ...judging };
    const score = () => model.score(inputs, { ...options, ...scoring, onFit });
    if (out !== undefined) {
      const list = { names, noun };
      const name = await scoringOf(model, { ...scoring, label: flags.label, tensor });
      const kept = resume ? await keepScores(out, name, list) : undefined;
      return kept ?? { ...(await writeScores(out, name, list, score())), fitted, leftOut };
    }
    const { results, error } = await partly(score());
    const scores = names.flatMap((image, i): NamedScore[] => {
      if (results[i] === undefined) return [];
      const { fitted: _, ...score } = results[i];
      return [{ image: shownImage(image), ...score }];
    });
    const average = mean(scores.map(({ bitsPerDim }) => bitsPerDim));
    const rate = calibration && falseAlarmsIn(calibration, falseAlarms);
    const bits = describeBound(ofDraws);
    const text = rate
      ? [
          verdictTable(scores),
          `unusual: p is at most ${rate.asked}. False alarms: ${describeRate(rate)}`,
          bits,
        ]
      : [scoreTable(scores), '', bits, ...notes(scores[0])];
    const { bound: _, ...drawn } = ofDraws;
    const maps = await draw?.(model, results, { ...options, ...drawn, fit });
    return {
      text: [...text, ...(maps ? ['', maps.text] : [])].join('\n'),
      json: {
        ...{ ...ofDraws, mean: average, ...(rate && { falseAlarms: rate }) },
        ...{ images: scores, ...maps?.json, fitted, leftOut },
      },
      fitted,
      leftOut,
      error: error ?? maps?.error,
    };
  });
}

function describeBound({ bound, draws }: Pick<ScoreFlags, 'bound' | 'draws'>): string {
  if (draws === undefined) return 'bits/dim: of the density of the numbers; they may be negative';
  const of = `${draws} ${draws === 1 ? 'draw' : 'draws'} of noise`;
  return bound === 'mean' ? `bits/dim: mean of ${of}` : `bits/dim: importance-weighted bound of ${of}`;
}

/** Draws, bound, seed and fit as the flags say, else as the calibration does. Numbers have fit alone. */
function scoringWith(
  { draws, bound, seed, fit }: Pick<ScoreFlags, 'draws' | 'bound' | 'seed' | 'fit'>,
  calibration: Calibration | undefined,
  pixels: boolean,
) {
  const ofDraws = pixels
    ? {
        draws: draws ?? calibration?.draws ?? defaultDraws,
        bound: bound ?? calibration?.bound ?? defaultBound,
        seed: seed ?? 0,
      }
    : given({ draws, bound, seed }); // the model refuses them
  return { ...ofDraws, fit: fit ?? calibration?.fit ?? fits[0] };
}
