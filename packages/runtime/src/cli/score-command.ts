import { mean } from '../mean.js';
import type { Bound } from '../model/bounds.js';
import type { Score } from '../model/score.js';
import { checkOutputs } from '../node/check-outputs.js';
import type { EncodeFlags } from './commands.js';
import { expandFolders, shownImage } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { heatMapOutput } from './heat-maps.js';
import type { Shard } from './options.js';
import { type Report, table } from './report.js';
import { type Context, partly, withModel } from './run.js';
import { keepScores, scoringOf, writeScores } from './score-file.js';

export interface ScoreFlags extends EncodeFlags {
  readonly draws: number;
  readonly bound: Bound;
  readonly seed: number;
  readonly shard?: Shard;
  readonly out?: string;
  readonly heatmap?: string;
  readonly resume: boolean;
  readonly force: boolean;
}

const head = ['image', 'bits/dim', 'percentile', 'typicality', 'complexity', 'excess'];

export async function score(
  directory: string,
  paths: readonly string[],
  { draws, bound, seed, fit, shard, out, heatmap, resume, force, ...flags }: ScoreFlags,
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
  const named = await expandFolders(paths);
  const { images: all, leftOut } = named;
  const images = partOf(all, shard);
  const own = { ...named, images, names: partOf(named.names, shard) };
  const draw = heatmap === undefined ? undefined : await heatMapOutput(heatmap, force, own, directory);
  if (out !== undefined && !resume) checkOutputs([out], [directory, ...all], force);
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const scoring = { draws, bound, seed, fit };
    const score = () => model.score(images, { ...options, ...scoring, onFit });
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
    const maps = await draw?.(model, results, { ...options, draws, seed, fit });
    return {
      text: `${table([head, ...rows, ...last])}\n\n${describeBound(bound, draws)}${note}${maps ? `\n\n${maps.text}` : ''}`,
      json: { draws, bound, seed, mean: average, images: scores, ...maps?.json, fitted, leftOut },
      fitted,
      leftOut,
      error,
    };
  });
}

/** The images of a shard: consecutive, in parts whose sizes differ by at most one. A part may be empty. */
function partOf(
  images: readonly string[],
  { index, count }: Shard = { index: 1, count: 1 },
): readonly string[] {
  const startOf = (part: number) => Math.round((part * images.length) / count);
  return images.slice(startOf(index - 1), startOf(index));
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
