import type { Verdict } from '../calibration/judge.js';
import { mean } from '../mean.js';
import type { Score } from '../model/score.js';
import { table } from './report.js';

/** An image of the command with its scores. */
export type NamedScore = Omit<Score, 'fitted'> & { readonly image: string };

/** Scores without a calibration: numbers that no rate of false alarms belongs to. */
export function scoreTable(scores: readonly NamedScore[]): string {
  const head = ['image', 'bits/dim', 'percentile', 'typicality', 'complexity', 'excess'];
  const rows = scores.map(({ image, bitsPerDim, percentile, typicality, complexity, excess }) => [
    ...[image, bitsPerDim.toFixed(4), share(percentile), share(typicality)],
    ...[bits(complexity), bits(excess)],
  ]);
  const average = mean(scores.map(({ bitsPerDim }) => bitsPerDim));
  return table([head, ...rows, ...(scores.length > 1 ? [['mean', average.toFixed(4)]] : [])]);
}

const bits = (value: number | null) => (value === null ? '-' : value.toFixed(4));
const share = (value: number | null) => (value === null ? '-' : value.toFixed(3));

/** What to know about such a table. */
export function notes(first: NamedScore | undefined): string[] {
  return [
    ...(first?.percentile === null
      ? ['this model has no training histogram, so percentile and typicality are unknown']
      : []),
    'for a p-value and a verdict: glow-onnx calibrate, then score with --calibration',
  ];
}

/** The verdict on each image, its p-value, its strangeness, and the p-value of each statistic. */
export function verdictTable(scores: readonly NamedScore[]): string {
  const verdicts = scores.map(({ image, verdict }) => ({ image, ...(verdict as Verdict) }));
  const names = Object.keys(verdicts[0]?.statistics ?? {});
  const head = ['image', 'verdict', 'p', 'strangeness', ...names.map((name) => `p ${name}`)];
  const rows = verdicts.map(({ image, unusual, p, strangeness, statistics }) => [
    ...[image, unusual ? 'unusual' : 'as usual', shown(p), shown(strangeness, 6)],
    ...names.map((name) => shown((statistics[name] as { p: number }).p)),
  ]);
  return `${table([head, ...rows])}\n`;
}

/** Significant digits: few for a p-value, which has one of few values; more for strangeness, which orders images. */
const shown = (value: number, digits = 2) => String(Number(value.toPrecision(digits)));
