// What representation.mjs found, as a table.
import { table } from '../../models/tables.mjs';
import { representations } from './representations.mjs';

export const fewLabels = [10, 100, 1000];

/** As Markdown. Where no row holds a figure, it is not measured. */
export function resultTable(lines) {
  const rows = representations.flatMap(({ name }) => {
    const own = lines.filter((line) => line.name === name);
    if (own.length === 0) return [];
    const [nearest, full] = ['nearest', 'full'].map((task) => own.find((line) => line.task === task));
    const few = fewLabels.map((labels) =>
      own.filter((line) => line.task === 'few' && line.labels === labels),
    );
    return [
      [
        ...[name, String(own[0].numbers)],
        ...few.map((found) => (found.length === 0 ? '' : spread(found.map(({ accuracy }) => accuracy)))),
        full ? `${percent(full.accuracy)} (${thousands(full.labels)})` : '',
        nearest ? `${percent(nearest.accuracy)} (${nearest.neighbours})` : '',
      ],
    ];
  });
  const header = ['', 'numbers', ...fewLabels.map((n) => `${thousands(n)} labels`), 'all labels', 'nearest'];
  return table('lr', header, rows);
}

/** Mean and standard deviation over seeds. */
function spread(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1 || 1);
  return `${percent(mean)} ± ${(100 * Math.sqrt(square)).toFixed(1)}`;
}

const percent = (value) => (100 * value).toFixed(1);
const thousands = (value) => value.toLocaleString('en-US');
