import type { Metrics } from '../folder/run-folder.js';
import { lineChart, type Point } from './line-chart.js';
import { style } from './style.js';

/** A grid of a moment of the run, as PNG. */
export interface Picture {
  readonly step: number;
  readonly png: Uint8Array;
}

/** All that a report tells. */
export interface ReportFacts {
  readonly name: string;
  /** The lines of metrics.jsonl. */
  readonly metrics: readonly Readonly<Metrics>[];
  /** Figures that stand out: what it is, its value. */
  readonly figures: readonly (readonly [name: string, value: string])[];
  /** Tables: heading, rows. */
  readonly tables: readonly (readonly [
    heading: string,
    rows: readonly (readonly [name: string, value: string])[],
  ])[];
  /** In the order of their steps. */
  readonly samples: readonly Picture[];
  readonly reconstructions: Picture | undefined;
}

/** A page that needs no other file: curves, pictures and settings of a run, in light and dark. */
export function renderReport({
  name,
  metrics,
  figures,
  tables,
  samples,
  reconstructions,
}: ReportFacts): string {
  const curve = (key: Exclude<keyof Metrics, 'bitsPerDimLevels'>): Point[] =>
    metrics.flatMap(({ step, [key]: y }) => (Number.isFinite(y) ? [{ x: step, y: y as number }] : []));
  const bitsPerDim = [
    { name: 'training', points: curve('bitsPerDim') },
    { name: 'held out', points: curve('validationBitsPerDim') },
  ];
  const byLevel = metrics.findLast(({ bitsPerDimLevels }) => bitsPerDimLevels)?.bitsPerDimLevels ?? [];
  const small = { xName: 'steps', width: 440, height: 190 };
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(name)} – glow-train</title>
<style>${style}</style>
<main>
<header><h1>${html(name)}</h1><p>Training of a Glow</p></header>
<dl class="figures">${figures.map(([label, value]) => `<div><dt>${html(label)}</dt><dd>${html(value)}</dd></div>`).join('')}</dl>
<section class="wide"><h2>Bits per dimension</h2>
<p class="legend"><span class="series-1">training</span><span class="series-2">held out</span></p>
${lineChart(bitsPerDim, { title: 'bits per dimension', xName: 'steps', width: 900, height: 300 }) || nothing('Nothing to show before the first validation.')}
${byLevel.length > 1 ? `<p>Of training lately, by level, the finest first: ${byLevel.map((bits) => bits.toFixed(2)).join(' + ')}.</p>` : ''}</section>
<div class="pair">
<section><h2>Gradient norm</h2>${lineChart([{ name: 'largest norm', points: curve('gradientNorm') }], { ...small, title: 'gradient norm', log: true, combine: (norms) => Math.max(...norms) }) || nothing('No step yet.')}</section>
<section><h2>Learning rate</h2>${lineChart([{ name: 'rate', points: curve('rate') }], { ...small, title: 'learning rate' }) || nothing('No step yet.')}</section>
</div>
<section><h2>Samples</h2><p>Drawn from the same latents each time, at temperature 0.7, one class after the other if there are classes; the newest first.</p>
<div class="grids">${
    samples
      .toReversed()
      .map(({ step, png }) =>
        figure(png, `after ${step.toLocaleString('en-US')} ${step === 1 ? 'step' : 'steps'}`),
      )
      .join('') || nothing('None yet.')
  }</div></section>
<section><h2>Reconstructions</h2><p>Held-out pictures above; below, what decoding their latents gives.</p>
<div class="grids">${reconstructions ? figure(reconstructions.png, `after ${reconstructions.step.toLocaleString('en-US')} steps`) : nothing('None yet.')}</div></section>
<div class="tables">${tables.map(([heading, rows]) => `<section><h2>${html(heading)}</h2><table>${rows.map(([key, value]) => `<tr><th scope="row">${html(key)}</th><td>${html(value)}</td></tr>`).join('')}</table></section>`).join('')}</div>
</main>
</html>
`;
}

function figure(png: Uint8Array, caption: string): string {
  const data = Buffer.from(png).toString('base64');
  return `<figure><img alt="${html(caption)}" src="data:image/png;base64,${data}"><figcaption>${html(caption)}</figcaption></figure>`;
}

function nothing(text: string): string {
  return `<p class="nothing">${html(text)}</p>`;
}

/** So many of all, evenly, the first and the last among them. */
export function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]);
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
