import { spread } from '../../../../packages/trainer/src/data/split.js';
import { type ReportFacts, renderPage } from '../../../../packages/trainer/src/report/page.js';

const png = Uint8Array.of(137, 80, 78, 71);
const facts: ReportFacts = {
  name: '<b>cats & "dogs"',
  metrics: [
    { step: 0, validationBitsPerDim: 8 },
    { step: 50, bitsPerDim: 4, gradientNorm: 3, rate: 1e-3 },
    { step: 50, validationBitsPerDim: 3.9 },
    { step: 100, bitsPerDim: 3.5, bitsPerDimLevels: [2.25, 1.25], gradientNorm: 2, rate: 5e-4 },
  ],
  bound: 'uniform',
  figures: [['best bits/dim', '3.900']],
  tables: [['Model', [['images', '<script>alert(1)</script>']]]],
  samples: [
    { step: 0, png },
    { step: 1, png },
    { step: 12_345, png },
  ],
  reconstructions: { step: 12_345, png },
};

test('a report needs no other file and runs no script', () => {
  const html = renderPage(facts);
  expect(html).not.toMatch(/<script|<link|@import|url\((?!#)|https?:/);
  const sources = [...html.matchAll(/src="([^"]*)"/g)].map(([, source]) => source);
  expect(sources).toEqual(Array(4).fill('data:image/png;base64,iVBORw=='));
});

test('what people named is shown, not obeyed', () => {
  const html = renderPage(facts);
  expect(html).toContain('<h1>&lt;b>cats &amp; &quot;dogs&quot;</h1>');
  expect(html).toContain('&lt;script>alert(1)&lt;/script>');
});

test('curves, figures, tables and the newest picture first are there', () => {
  const html = renderPage(facts);
  expect(html).toContain('aria-label="bits per dimension by steps"');
  expect(html).toContain('50 steps\ntraining, uniform bound 4\nheld out, uniform bound 3.9');
  expect(html).toContain('by level, the finest first: 2.25 + 1.25.');
  expect(html).toContain('<dt>best bits/dim</dt><dd>3.900</dd>');
  const captions = [...html.matchAll(/<figcaption>([^<]*)/g)].map(([, caption]) => caption);
  expect(captions).toEqual(['after 12,345 steps', 'after 1 step', 'after 0 steps', 'after 12,345 steps']);
});

test('with variational dequantisation both bounds of held-out images are drawn, each with its name', () => {
  const metrics = [
    { step: 50, bitsPerDim: 3.4 },
    { step: 50, validationBitsPerDim: 3.9, validationBitsPerDimVariational: 3.5 },
  ];
  const html = renderPage({ ...facts, metrics, bound: 'variational' });
  expect(html).toContain(
    '50 steps\ntraining, variational bound 3.4\nheld out, uniform bound 3.9\nheld out, variational bound 3.5',
  );
  const legend = ['training, variational bound', 'held out, uniform bound', 'held out, variational bound'];
  expect([...html.matchAll(/<span class="series-\d">([^<]*)/g)].map(([, name]) => name)).toEqual(legend);
});

test('a run that has just begun has a report too', () => {
  const html = renderPage({ ...facts, metrics: [], samples: [], reconstructions: undefined });
  expect(html).toContain('The curves begin with the first validation.');
  expect(html).not.toMatch(/NaN|undefined/);
});

test('of many pictures some are shown, evenly, the first and the last among them', () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 6)).toEqual([0, 2, 4, 6, 8, 10]);
  expect(spread([0, 1], 6)).toEqual([0, 1]);
});
