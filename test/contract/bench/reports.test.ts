import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const reports = pathToFileURL(join(__dirname, '../../../bench/reports.mjs')).href;

/** The lines of the table of trainingReport for one model: Jest itself cannot import the module. */
function tableOf(rounds: number, cells: object): string[] {
  const result = { machine: 'here', rounds, rows: [{ name: 'small', batch: 4, cells }] };
  const program = `import { trainingReport } from ${JSON.stringify(reports)};
    console.log(trainingReport(${JSON.stringify(result)}));`;
  const argv = ['--input-type=module', '-e', program];
  const printed = execFileSync(process.execPath, argv, { encoding: 'utf8' });
  return printed.split('\n').filter((line) => line.startsWith('| '));
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
