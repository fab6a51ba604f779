import type { Dequantisation } from '@glow-onnx/flow';
import { heldOutBitsPerDim, type Metrics } from '../folder/metrics.js';
import { documentOf, figure, html, nothing } from './document.js';
import type { StepImage } from './grids.js';
import { lineChart, type Series } from './line-chart.js';
import { ofBound } from './numbers.js';

/** A run in a comparison. */
export interface ComparedRun {
  readonly name: string;
  /** The bound that it trains, by its noise; undefined for numbers, which have none. */
  readonly bound: Dequantisation | undefined;
  /** The lines of its `metrics.jsonl`. */
  readonly metrics: readonly Metrics[];
  /** Its results, config and settings, by name. */
  readonly facts: Readonly<Record<string, string>>;
  readonly samples: StepImage | undefined;
}

type Curve = 'bitsPerDim' | (typeof heldOutBitsPerDim)[Dequantisation];

/** Runs that a comparison shows: as many as there are colours. */
export const mostRuns = 6;

/**
 * The curves of up to six runs laid over each other, and the facts in which they differ, as one HTML page without
 * other files. The curves are drawn over the number of images, because batches may differ.
 * @param warning why the bits/dim of the runs cannot be compared, if so.
 */
export function renderComparison(runs: readonly ComparedRun[], warning?: string): string {
  const bound = runs[0]?.bound;
  const same = runs.every((run) => run.bound === bound);
  const heldOut = (same && bound) || 'uniform'; // which every run has
  const legend = runs.map(({ name }, i) => `<span class="series-${i + 1}">${html(name)}</span>`).join('');
  const curves = (heading: string, key: Curve): string => {
    const series = runs.map(({ name, metrics }) => seriesOf(name, metrics, key));
    const options = { title: heading, xName: 'images', width: 900, height: 300 };
    return `<section class="wide"><h2>${heading}</h2><p class="legend">${legend}</p>
${lineChart(series, options) || nothing('No values yet.')}</section>`;
  };
  const samples = runs.map(({ name, samples }) =>
    samples ? figure(samples, `${html(name)}, after ${samples.step.toLocaleString('en-US')} steps`) : '',
  );
  return documentOf(
    'Comparison',
    `<header><h1>${runs.length} runs</h1>${warning === undefined ? '' : `<p>${html(warning)}</p>`}</header>
${curves(`Bits per dimension, held out${ofBound(same ? bound : heldOut)}`, heldOutBitsPerDim[heldOut])}
${curves(`Bits per dimension, training${same ? ofBound(bound) : ', each by its own bound'}`, 'bitsPerDim')}
<section class="wide"><h2>Differences</h2>${differences(runs)}</section>
<section><h2>Samples</h2><p>The newest grid of each run.</p><div class="grids">${samples.join('') || nothing('No samples yet.')}</div></section>`,
  );
}

function seriesOf(name: string, metrics: readonly Metrics[], key: Curve): Series {
  const points = metrics.flatMap(({ images, [key]: y }) =>
    images !== undefined && y !== undefined ? [{ x: images, y }] : [],
  );
  return { name, points };
}

function differences(runs: readonly ComparedRun[]): string {
  const names = [...new Set(runs.flatMap(({ facts }) => Object.keys(facts)))];
  const values = (name: string): string[] => runs.map(({ facts }) => facts[name] ?? '–');
  const rows = names
    .filter((name) => new Set(values(name)).size > 1)
    .map((name) => {
      const cells = values(name).map((value) => `<td>${html(value)}</td>`);
      return `<tr><th scope="row">${html(name)}</th>${cells.join('')}</tr>`;
    });
  const heads = runs.map(({ name }) => `<th scope="col">${html(name)}</th>`);
  return `<table><thead><tr><td></td>${heads.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}
