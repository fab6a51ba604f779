import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const reports = pathToFileURL(join(__dirname, '../../../bench/reports.mjs')).href;

/** The lines of the table of a report: Jest itself cannot import the module. */
function printedTable(report: string, result: object): string[] {
  const program = `import { ${report} } from ${JSON.stringify(reports)};
    console.log(${report}(${JSON.stringify(result)}));`;
  const argv = ['--input-type=module', '-e', program];
  const printed = execFileSync(process.execPath, argv, { encoding: 'utf8' });
  return printed.split('\n').filter((line) => line.startsWith('| '));
}

/** The table of trainingReport for one model. */
function tableOf(rounds: number, cells: object): string[] {
  return printedTable('trainingReport', {
    machine: 'here',
    rounds,
    rows: [{ name: 'small', batch: 4, cells }],
  });
}

const speeds = (...found: number[]) => found.map((imagesPerSecond) => ({ imagesPerSecond, megabytes: 100 }));

test('training: medians of all turns, and the ratio in each', () => {
  expect(tableOf(3, { ours: speeds(10, 30, 20), theirs: speeds(5, 10, 40) })).toEqual([
    '|  | batch | ours | theirs | ours over theirs |',
    '| small | 4 | 20 (100) | 10 (100) | 2.00, 3.00, 0.50 |',
  ]);
});

test.each([
  ['other', { ours: speeds(10, 30), theirs: speeds(5) }, '30 (100) | 5 (100; 1 of 2 turns) | 2.00'],
  ['first', { ours: speeds(10), theirs: speeds(5, 4) }, '10 (100; 1 of 2 turns) | 5 (100) | 2.00'],
])('training: where the %s column failed in a turn, the turns of both are compared', (_, cells, row) => {
  expect(tableOf(2, cells)[1]).toBe(`| small | 4 | ${row} |`);
});

test('training: a column that is too slow has no ratio', () => {
  expect(tableOf(2, { ours: speeds(10, 30), theirs: 'too slow' })[1]).toBe(
    '| small | 4 | 30 (100) | too slow | – |',
  );
});

test('training until a bits/dim: the seconds and steps of each column', () => {
  const cells = { ours: [{ seconds: 5.04, steps: 25 }], theirs: 'too slow' };
  const result = { machine: 'here', until: 3, rows: [{ name: 'small', batch: 4, cells }] };
  expect(printedTable('untilReport', result)).toEqual([
    '|  | batch | ours | theirs |',
    '| small | 4 | 5.04 (25) | too slow |',
  ]);
});
