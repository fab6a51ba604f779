import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';

const folder = join(__dirname, '../../../bench');
let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'anomaly-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function node(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}
const run = (...args: readonly string[]) => node(join(folder, 'anomaly.mjs'), ...args);

test('AUROC is the share of pairs, and its interval that of DeLong’s placements', async () => {
  const random = createRandom(1);
  const draw = (count: number, shift: number) =>
    Array.from({ length: count }, () => Math.round(10 * (random.normal() + shift)) / 10); // with ties
  const [strangers, good] = [draw(60, 1), draw(80, 0)];
  const module = join(folder, 'anomaly/auroc.mjs');
  const script = `import { auroc } from ${JSON.stringify(`file://${module}`)};
    console.log(JSON.stringify(auroc(${JSON.stringify(strangers)}, ${JSON.stringify(good)})));`;
  const { out } = await node('--input-type=module', '--eval', script);
  const { value, low, high } = JSON.parse(out);

  const wins = strangers.map((s) => good.map((g) => (s > g ? 1 : s === g ? 0.5 : 0)));
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const variance = (values: readonly number[]) =>
    values.reduce((sum, each) => sum + (each - mean(values)) ** 2, 0) / (values.length - 1);
  const expected = mean(wins.map(mean));
  const columns = good.map((_, j) => mean(wins.map((row) => row[j] as number)));
  const error = Math.sqrt(variance(wins.map(mean)) / 60 + variance(columns) / 80);
  expect(value).toBeCloseTo(expected, 12);
  const logit = (share: number) => Math.log(share / (1 - share));
  const width = (1.96 * error) / (expected * (1 - expected));
  expect(logit(low)).toBeCloseTo(logit(expected) - width, 9);
  expect(logit(high)).toBeCloseTo(logit(expected) + width, 9);
});

test('measures every kind of stranger, goes on where it was stopped, and writes its tables', async () => {
  const doc = join(root, 'found.md');
  const few = ['--sets', 'faces', '--pictures', '2', '--out', root, '--doc', doc];
  expect(await run(...few)).toMatchObject({ code: 0 });
  const file = join(root, 'results.jsonl');
  const text = await readFile(file, 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const names = ['density', 'excess', 'level0', 'level1', 'level2', 'surprise', 'gradient'];
  for (const { values } of lines) expect(Object.keys(values)).toEqual(expect.arrayContaining(names));
  const sources = [...new Set(lines.map(({ source }) => source))];
  expect(sources).toEqual(expect.arrayContaining(['good', 'inverted', 'mirrored', 'uniform noise']));
  expect(lines).toHaveLength(2 * sources.length);
  expect(await readFile(doc, 'utf8')).toContain('| likelihood (bits/dim) | 1.000');

  await writeFile(file, text.slice(0, text.length - 40)); // killed while it wrote the last line
  await run(...few);
  const again = (await readFile(file, 'utf8')).trim().split('\n');
  expect(again).toHaveLength(lines.length + 1); // and the broken one
  expect(JSON.parse(again.at(-1) as string)).toEqual(lines.at(-1));
}, 300_000);

test('a wrong call is explained at once', async () => {
  await writeFile(join(root, 'other.md'), '# Other\n');
  const cases: [readonly string[], string][] = [
    [['--pictures', '0'], '--pictures must be an integer from 1 on, got 0'],
    [['--sets', 'cats'], '--sets: expected some of fashion,faces,photos, got cats'],
    [['--doc', join(root, 'other.md')], 'lacks the lines'],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await run('--out', join(root, 'wrong'), ...args);
    expect([code, err]).toEqual([1, expect.stringContaining(message)]);
  }
}, 300_000);
