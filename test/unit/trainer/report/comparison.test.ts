import { type ComparedRun, renderComparison } from '../../../../packages/trainer/src/report/comparison.js';

const png = Uint8Array.of(137, 80, 78, 71);
const run = (name: string, bitsPerDim: number, facts = {}): ComparedRun => ({
  name,
  bound: 'uniform',
  metrics: [
    { step: 0, images: 0, validationBitsPerDim: 8 },
    { step: 50, images: 1600, bitsPerDim, rate: 1e-3 },
    { step: 50, images: 1600, validationBitsPerDim: bitsPerDim + 0.25 },
  ],
  facts: { optimizer: 'adam', ...facts },
  samples: { step: 50, png },
});
const runs = [run('runs/a', 4, { rate: '0.001' }), run('runs/<b>', 3.5, { rate: '0.0003' })];

test('both curves are in one chart, over images', () => {
  const page = renderComparison(runs);
  expect(page).toContain('1,600 images\nruns/a 4.25\nruns/&lt;b> 3.75');
  expect(page).toContain('1,600 images\nruns/a 4\nruns/&lt;b> 3.5');
  expect(page).toContain('class="curve series-1"');
  expect(page).toContain('class="curve series-2"');
});

test('facts are listed where the runs differ, and only there', () => {
  const page = renderComparison(runs);
  expect(page).toContain('<th scope="row">rate</th><td>0.001</td><td>0.0003</td>');
  expect(page).not.toContain('adam');
});

test('a run of which nothing is known yet has its place', () => {
  const fresh = { name: 'new', bound: 'uniform', metrics: [], facts: {}, samples: undefined } as const;
  const page = renderComparison([runs[0], fresh]);
  expect(page).toContain('<th scope="row">rate</th><td>0.001</td><td>–</td>');
  expect(page).not.toMatch(/NaN|undefined/);
});

test('a comparison needs no other file and runs no script, and shows a warning', () => {
  const page = renderComparison(runs, 'bits/dim cannot be compared');
  expect(page).not.toMatch(/<script|<link|@import|url\((?!#)|https?:/);
  expect(page).toContain('<p>bits/dim cannot be compared</p>');
});
