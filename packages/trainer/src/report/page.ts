import type { Dequantisation } from '@glow-onnx/flow';
import type { Metrics } from '../folder/metrics.js';
import { documentOf, figure, html, nothing } from './document.js';
import type { StepImage } from './grids.js';
import { lineChart, type Point } from './line-chart.js';

type Row = readonly [name: string, value: string];

/** All that a report shows. */
export interface ReportFacts {
  readonly name: string;
  /** The lines of metrics.jsonl. */
  readonly metrics: readonly Readonly<Metrics>[];
  /** The bound that is trained. Undefined for a model of numbers, whose density is no bound. */
  readonly bound: Dequantisation | undefined;
  /** The most important numbers. */
  readonly figures: readonly Row[];
  readonly tables: readonly (readonly [heading: string, rows: readonly Row[]])[];
  /** In the order of their steps. Undefined for a model of numbers, which has no pictures. */
  readonly samples: readonly StepImage[] | undefined;
  readonly reconstructions: StepImage | undefined;
}

/** The report of a run as one HTML page without other files: curves, images and settings. */
export function renderPage(facts: ReportFacts): string {
  const { name, figures, tables, samples, reconstructions } = facts;
  return documentOf(
    name,
    `<header><h1>${html(name)}</h1><p>Training of a Glow model</p></header>
<dl class="figures">${figures.map(([label, value]) => `<div><dt>${html(label)}</dt><dd>${html(value)}</dd></div>`).join('')}</dl>
${curves(facts)}
${samples ? pictures(samples, reconstructions) : nothing('The model has numbers, of which no pictures are drawn.')}
<div class="tables">${tables.map(table).join('')}</div>`,
  );
}

function pictures(samples: readonly StepImage[], reconstructions: StepImage | undefined): string {
  return `<section><h2>Samples</h2><p>All grids come from the same latents at temperature 0.7. A model with classes draws them in turn. The newest grid is first.</p>
<div class="grids">${
    samples
      .toReversed()
      .map((grid) => figure(grid))
      .join('') || nothing('No samples yet.')
  }</div></section>
<section><h2>Reconstructions</h2><p>Above: held-out images. Below: the images decoded from their latents.</p>
<div class="grids">${reconstructions ? figure(reconstructions) : nothing('No reconstructions yet.')}</div></section>`;
}

function curves({ metrics, bound }: ReportFacts): string {
  const curve = (key: Exclude<keyof Metrics, 'bitsPerDimLevels'>): Point[] =>
    metrics.flatMap(({ step, [key]: y }) => (Number.isFinite(y) ? [{ x: step, y: y as number }] : []));
  const by = (name: string, of: Dequantisation | undefined): string =>
    of === undefined ? name : `${name}, ${of} bound`;
  const series = [
    { name: by('training', bound), points: curve('bitsPerDim') },
    { name: by('held out', bound && 'uniform'), points: curve('validationBitsPerDim') },
    ...(bound === 'variational'
      ? [{ name: by('held out', bound), points: curve('validationBitsPerDimVariational') }]
      : []),
  ];
  const legend = series.map(({ name }, i) => `<span class="series-${i + 1}">${name}</span>`).join('');
  const bitsPerDim = lineChart(series, {
    title: 'bits per dimension',
    xName: 'steps',
    width: 900,
    height: 300,
  });
  const small = { xName: 'steps', width: 440, height: 190 };
  const norm = lineChart([{ name: 'largest norm', points: curve('gradientNorm') }], {
    ...small,
    title: 'gradient norm',
    log: true,
    combine: (norms) => Math.max(...norms),
  });
  const rate = lineChart([{ name: 'rate', points: curve('rate') }], { ...small, title: 'learning rate' });
  const levels = metrics.findLast(({ bitsPerDimLevels }) => bitsPerDimLevels)?.bitsPerDimLevels ?? [];
  const parts = levels.map((bits) => bits.toFixed(2)).join(' + ');
  return `<section class="wide"><h2>Bits per dimension</h2>
<p class="legend">${legend}</p>
${bitsPerDim || nothing('The curves begin with the first validation.')}
${levels.length > 1 ? `<p>Recent training, by level, the finest first: ${parts}.</p>` : ''}</section>
<div class="pair">
<section><h2>Gradient norm</h2>${norm || nothing('No steps yet.')}</section>
<section><h2>Learning rate</h2>${rate || nothing('No steps yet.')}</section>
</div>`;
}

function table([heading, rows]: readonly [string, readonly Row[]]): string {
  const lines = rows.map(
    ([name, value]) => `<tr><th scope="row">${html(name)}</th><td>${html(value)}</td></tr>`,
  );
  return `<section><h2>${html(heading)}</h2><table>${lines.join('')}</table></section>`;
}
