import { mean } from '../mean.js';
import type { Bound } from '../model/bounds.js';
import type { Score } from '../model/score.js';
import type { EncodeFlags } from './commands.js';
import { expandFolders, shownImage } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { type Report, table } from './report.js';
import { type Context, partly, withModel } from './run.js';

export interface ScoreFlags extends EncodeFlags {
  readonly draws: number;
  readonly bound: Bound;
  readonly seed: number;
}

const head = ['image', 'bits/dim', 'percentile', 'typicality', 'complexity', 'excess'];

export async function score(
  directory: string,
  paths: readonly string[],
  { draws, bound, seed, fit, ...flags }: ScoreFlags,
  context: Context,
): Promise<Report> {
  const { images, leftOut } = await expandFolders(paths);
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const scoring = { ...options, draws, bound, seed, fit, onFit };
    const { results, error } = await partly(model.score(images, scoring));
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
      text: `${table([head, ...rows, ...last])}\n\n${describeBound(bound, draws)}${note}`,
      json: { draws, bound, seed, mean: average, images: scores, fitted, leftOut },
      fitted,
      leftOut,
      error,
    };
  });
}

function describeBound(bound: Bound, draws: number): string {
  const of = `${draws} ${draws === 1 ? 'draw' : 'draws'} of noise`;
  return bound === 'mean' ? `bits/dim: mean of ${of}` : `bits/dim: importance-weighted bound of ${of}`;
}

function cells({ bitsPerDim, percentile, typicality, complexity, excess }: Score): string[] {
  const share = (value: number | null) => (value === null ? '-' : value.toFixed(3));
  return [
    bitsPerDim.toFixed(4),
    share(percentile),
    share(typicality),
    complexity.toFixed(4),
    excess.toFixed(4),
  ];
}
