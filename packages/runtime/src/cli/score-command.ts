import { mean } from '../mean.js';
import type { Score } from '../model/score.js';
import type { EncodeFlags } from './commands.js';
import { expandFolders } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { type Report, table } from './report.js';
import { type Context, partly, withModel } from './run.js';

export interface ScoreFlags extends EncodeFlags {
  readonly draws: number;
  readonly seed: number;
}

const head = ['image', 'bits/dim', 'percentile', 'typicality', 'complexity', 'excess'];

export async function score(
  directory: string,
  paths: readonly string[],
  { draws, seed, fit, ...flags }: ScoreFlags,
  context: Context,
): Promise<Report> {
  const { images, leftOut } = await expandFolders(paths);
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const { results, error } = await partly(model.score(images, { ...options, draws, seed, fit, onFit }));
    const scores = images.flatMap((image, i) => {
      if (results[i] === undefined) return [];
      const { fitted: _, ...score } = results[i];
      return [{ image, ...score }];
    });
    const average = mean(scores.map(({ bitsPerDim }) => bitsPerDim));
    const rows = scores.map((each) => [each.image, ...cells(each)]);
    const last = scores.length > 1 ? [['mean', average.toFixed(4)]] : [];
    const note =
      scores[0]?.percentile === null
        ? '\n\nthis model has no training histogram, so percentile and typicality are unknown'
        : '';
    return {
      text: `${table([head, ...rows, ...last])}${note}`,
      json: { draws, seed, mean: average, images: scores, fitted, leftOut },
      fitted,
      leftOut,
      error,
    };
  });
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
