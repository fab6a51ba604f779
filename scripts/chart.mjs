// Curves as an SVG file of its own, for documents: the trainer's line chart with a title, a legend and colours.
import { lineChart } from '../packages/trainer/dist/report/line-chart.js';

const width = 900;
const height = 360;
const head = 34;
const row = 22;
const columns = 3;

/**
 * @param series curves of `name`, `points` {x, y} and `colour`; `dashed` if so, `faint` for what stands in no legend
 * @param title what y and x count
 */
export function chart(series, title) {
  const legend = series.filter(({ faint }) => !faint);
  const top = head + row * Math.ceil(legend.length / columns);
  const rules = series.map(({ colour, dashed, faint }, i) => {
    const dash = dashed ? ' stroke-dasharray: 6 4;' : '';
    const weight = faint ? ' stroke-width: 1; opacity: 0.35;' : '';
    return `.series-${i + 1} { stroke: ${colour};${dash}${weight} }
circle.series-${i + 1} { ${faint ? 'display: none' : `fill: ${colour}; stroke: none`} }`;
  });
  const keys = legend.map((one, i) => {
    const x = 16 + (i % columns) * (width / columns);
    const y = head + row * Math.floor(i / columns);
    const of = `curve series-${series.indexOf(one) + 1}`;
    return `<path class="${of}" d="M${x} ${y}h26"/><text x="${x + 34}" y="${y + 4}">${one.name}</text>`;
  });
  const curves = lineChart(series, { title, xName: '', width, height })
    .replace('<svg ', `<svg y="${top}" width="${width}" height="${height}" `)
    .replaceAll(/<g class="hover">.*?<\/g>/gs, '');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + height}">
<style>
text { font: 13px system-ui, sans-serif; fill: #3c3c43; }
.title { font-weight: 600; }
.grid { stroke: #e4e4df; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
${rules.join('\n')}
</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="title" x="16" y="18">${title}</text>
${keys.join('\n')}
${curves}
</svg>
`;
}
