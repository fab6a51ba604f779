import { takesPixels } from '@glow-onnx/flow/pixels';
import { mean } from '../mean.js';
import { type Bound, bounds } from '../model/bounds.js';
import type { Score } from '../model/score.js';
import { checkOutputs } from '../node/check-outputs.js';
import type { EncodeFlags, TensorFlags } from './commands.js';
import { shownImage } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { readInputs } from './inputs.js';
import type { Shard } from './options.js';
import { type Report, table } from './report.js';
import { type Context, partly, withModel } from './run.js';
import { given } from './run-program.js';
import { keepScores, scoringOf, writeScores } from './score-file.js';

export interface ScoreFlags extends EncodeFlags, TensorFlags {
  readonly draws?: number;
  readonly bound?: Bound;
  readonly seed?: number;
  readonly shard?: Shard;
  readonly out?: string;
  readonly resume: boolean;
  readonly force: boolean;
}

const defaults = { draws: 8, bound: bounds[0], seed: 0 } as const;

const head = ['image', 'bits/dim', 'percentile', 'typicality', 'complexity', 'excess'];

export async function score(
  directory: string,
  paths: readonly string[],
  { draws, bound, seed, fit, shard, out, resume, force, tensor, ...flags }: ScoreFlags,
  context: Context,
): Promise<Report> {
  if (out === undefined && (resume || force)) {
    throw new RangeError(
      `--${resume ? 'resume' : 'force'} is about the file --out; pass --out too, or leave it out`,
    );
  }
  const { inputs, names, files, leftOut } = await readInputs(paths, tensor);
  const images = partOf(names, shard);
  if (out !== undefined && !resume) checkOutputs([out], [directory, ...files], force);
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const ofDraws = takesPixels(model.config)
      ? { draws: draws ?? defaults.draws, bound: bound ?? defaults.bound, seed: seed ?? defaults.seed }
      : given({ draws, bound, seed }); // the model refuses them
    const scoring = { ...ofDraws, fit };
    const score = () => model.score(partOf(inputs, shard), { ...options, ...scoring, onFit });
    if (out !== undefined) {
      const name = await scoringOf(model, scoring);
      const kept = resume ? await keepScores(out, name, images) : undefined;
      return kept ?? { ...(await writeScores(out, name, images, score())), fitted, leftOut };
    }
    const { results, error } = await partly(score());
    const scores = images.flatMap((image, i) => {
      if (results[i] === undefined) return [];
      const { fitted: _, ...score } = results[i];
      return [{ image: shownImage(image), ...score }];
    });
    const average = mean(scores.map(({ bitsPerDim }) => bitsPerDim));
    const rows = scores.map((each) => [each.image, ...cells(each)]);
    const last = scores.length > 1 ? [['mean', average.toFixed(4)]] : [];
    const note =
      scores[0]?.percentile === null
        ? '\nthis model has no training histogram, so percentile and typicality are unknown'
        : '';
    return {
      text: `${table([head, ...rows, ...last])}\n\n${describeBound(ofDraws)}${note}`,
      json: { ...ofDraws, mean: average, images: scores, fitted, leftOut },
      fitted,
      leftOut,
      error,
    };
  });
}

/** The images of a shard: consecutive, in parts whose sizes differ by at most one. A part may be empty. */
function partOf<T>(images: readonly T[], { index, count }: Shard = { index: 1, count: 1 }): readonly T[] {
  const startOf = (part: number) => Math.round((part * images.length) / count);
  return images.slice(startOf(index - 1), startOf(index));
}

function describeBound({ bound, draws }: Pick<ScoreFlags, 'bound' | 'draws'>): string {
  if (draws === undefined) return 'bits/dim: of the density of the numbers; they may be negative';
  const of = `${draws} ${draws === 1 ? 'draw' : 'draws'} of noise`;
  return bound === 'mean' ? `bits/dim: mean of ${of}` : `bits/dim: importance-weighted bound of ${of}`;
}

function cells({ bitsPerDim, percentile, typicality, complexity, excess }: Score): string[] {
  const share = (value: number | null) => (value === null ? '-' : value.toFixed(3));
  return [
    bitsPerDim.toFixed(4),
    share(percentile),
    share(typicality),
    complexity === null ? '-' : complexity.toFixed(4),
    excess === null ? '-' : excess.toFixed(4),
  ];
}
