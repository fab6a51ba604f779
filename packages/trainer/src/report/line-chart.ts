import { mean } from '@glow-onnx/runtime/internal';
import { html } from './document.js';

/** A point of a curve. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface ChartOptions {
  readonly title: string;
  /** The unit of x, such as `steps`. */
  readonly xName: string;
  readonly width: number;
  readonly height: number;
  /** Logarithmic y, for values of very different sizes. Default false. */
  readonly log?: boolean;
  /** Combines the values of neighbours that share a point of the screen. Default: their mean. */
  readonly combine?: (values: readonly number[]) => number;
}

const margin = { top: 8, right: 12, bottom: 26, left: 48 } as const;
/** A screen cannot show more. */
const MOST_POINTS = 300;
/** Share of the first points that may be above the frame, so that a steep start does not flatten the rest. */
const STEEP = 0.1;

/** Curves as SVG without a script. Colours come from the page: classes `series-1`, `series-2`, `grid`, `axis`. */
export function lineChart(
  all: readonly Series[],
  { title, xName, width, height, log = false, combine = mean }: ChartOptions,
): string {
  const series = all
    .map(({ name, points }) => ({
      name,
      points: thin(
        points.filter(({ y }) => !log || y > 0),
        combine,
      ),
    }))
    .filter(({ points }) => points.length > 0);
  if (series.length === 0) return '';
  const scale = log ? Math.log10 : (y: number) => y;
  const xs = series.flatMap(({ points }) => points.map(({ x }) => x));
  const ys = series.flatMap(({ points }) => points.map(({ y }) => scale(y)));
  const later = series.flatMap(({ points }) =>
    points.slice(Math.floor(points.length * STEEP)).map(({ y }) => scale(y)),
  );
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const yTicks = ticks(Math.min(...ys), Math.max(...later), 4, log ? 1 : 0);
  const [low, high] = [yTicks[0], yTicks[yTicks.length - 1]];
  const px = (x: number): number =>
    margin.left + ((x - left) / (right - left || 1)) * (width - margin.left - margin.right);
  const py = (y: number): number =>
    margin.top + (1 - (scale(y) - low) / (high - low || 1)) * (height - margin.top - margin.bottom);
  const value = (tick: number): number => (log ? 10 ** tick : tick);

  const grid = yTicks.map((tick) => {
    const y = round(py(value(tick)));
    return `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}"/><text class="axis" x="${margin.left - 8}" y="${y}" text-anchor="end" dominant-baseline="middle">${label(value(tick))}</text>`;
  });
  const axis = (x: number, anchor: string, text: string): string =>
    `<text class="axis" x="${round(x)}" y="${height - 8}" text-anchor="${anchor}">${text}</text>`;
  const xAxis = ticks(left, right, width / 110, 1)
    .filter((tick) => tick >= left && tick <= right)
    .map((tick) => axis(px(tick), 'middle', label(tick)));
  const clip = `clip-${title.replaceAll(/\W/g, '-')}`;
  const curves = series.map(({ points, name }) => {
    const of = `series-${all.findIndex((one) => one.name === name) + 1}`;
    const path = points.map(({ x, y }) => `${round(px(x))} ${round(py(y))}`).join('L');
    const last = points[points.length - 1];
    return `<path class="curve ${of}" d="M${path}"/><circle class="${of}" cx="${round(px(last.x))}" cy="${round(py(last.y))}" r="3.5"/>`;
  });
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title} by ${xName}">`,
    `<clipPath id="${clip}"><rect x="${margin.left - 4}" y="0" width="${width - margin.left - margin.right + 8}" height="${height - margin.bottom + 4}"/></clipPath>`,
    ...grid,
    axis(margin.left - 8, 'end', xName),
    ...xAxis,
    `<g clip-path="url(#${clip})">${curves.join('')}</g>`,
    ...hovers(series, xName, px, height),
    '</svg>',
  ].join('');
}

/** A band for each x that shows the values at x when the pointer is over it. */
function hovers(
  series: readonly Series[],
  xName: string,
  px: (x: number) => number,
  height: number,
): string[] {
  const byX = new Map<number, string[]>();
  for (const { name, points } of series) {
    for (const { x, y } of points)
      byX.set(x, [...(byX.get(x) ?? [`${label(x)} ${xName}`]), `${name} ${exact(y)}`]);
  }
  const xs = [...byX.keys()].sort((a, b) => a - b);
  return xs.map((x, i) => {
    const from = i === 0 ? px(x) - 4 : (px(xs[i - 1]) + px(x)) / 2;
    const to = i === xs.length - 1 ? px(x) + 4 : (px(x) + px(xs[i + 1])) / 2;
    return `<g class="hover"><rect x="${round(from)}" y="0" width="${round(to - from)}" height="${height - margin.bottom}"/><line x1="${round(px(x))}" x2="${round(px(x))}" y1="${margin.top}" y2="${height - margin.bottom}"/><title>${html(byX.get(x)?.join('\n') ?? '')}</title></g>`;
  });
}

/** At most MOST_POINTS points: neighbours are combined, the last point is unchanged. */
function thin(points: readonly Point[], combine: (values: readonly number[]) => number): Point[] {
  const group = Math.ceil(points.length / MOST_POINTS);
  if (group <= 1) return [...points];
  const thinned: Point[] = [];
  for (let i = 0; i < points.length - 1; i += group) {
    const part = points.slice(i, Math.min(i + group, points.length - 1));
    thinned.push({ x: Math.round(mean(part.map(({ x }) => x))), y: combine(part.map(({ y }) => y)) });
  }
  return [...thinned, points[points.length - 1]];
}

/**
 * Round numbers that enclose low to high, about `count` intervals of 1, 2 or 5 times a power of ten.
 * `ticks(0.3, 9.1, 4)` is 0 2 4 6 8 10.
 */
export function ticks(low: number, high: number, count: number, leastStep = 0): number[] {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = Math.max(
    leastStep,
    power * ([1, 2, 5].find((factor) => (factor * power * count) / span >= 0.8) ?? 10),
  );
  const from = Math.floor(low / step + 1e-9);
  const to = Math.max(from + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: to - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)));
}

function label(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e4) return value.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: 2 });
  if (size > 0 && size < 1e-3)
    return value
      .toExponential(0)
      .replace('e-', '\u00b710⁻')
      .replace(/\d$/, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]);
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}

function exact(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}

function round(pixel: number): number {
  return Math.round(pixel * 10) / 10;
}
