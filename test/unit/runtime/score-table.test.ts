import { type NamedScore, verdictTable } from '../../../packages/runtime/src/cli/score-table.js';

test('images of almost equal strangeness do not tie in print', () => {
  const scores = [0.00123456, 12.3456, 12.3461].map((strangeness, i) => ({
    image: `${i}.png`,
    verdict: { unusual: true, p: 0.012345, strangeness, statistics: { density: { p: 0.5 } } },
  }));
  const rows = verdictTable(scores as unknown as NamedScore[]).split('\n');
  const columns = rows.map((row) => row.split(/ {2,}/));
  expect(columns.slice(1, 4).map((row) => row[3])).toEqual(['0.00123456', '12.3456', '12.3461']);
  expect(columns[1]?.[2]).toBe('0.012');
});
