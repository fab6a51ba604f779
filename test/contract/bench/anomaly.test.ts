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

type Numbers = readonly number[];
type Case = [strangers: Numbers, good: Numbers, groups?: { strangers: Numbers; good: Numbers }];
type Interval = { readonly value: number; readonly low: number; readonly high: number };

/** The intervals of many cases, by one process: Jest itself cannot import the module. */
async function intervals(cases: readonly Case[]): Promise<Interval[]> {
  const path = join(root, 'cases.json');
  await writeFile(path, JSON.stringify(cases));
  const script = `import { readFileSync } from 'node:fs';
    import { aurocInterval } from ${JSON.stringify(`file://${join(folder, 'auroc.mjs')}`)};
    const cases = JSON.parse(readFileSync(${JSON.stringify(path)}, 'utf8'));
    console.log(JSON.stringify(cases.map((each) => aurocInterval(...each))));`;
  return JSON.parse((await node('--input-type=module', '--eval', script)).out);
}
const logit = (share: number) => Math.log(share / (1 - share));

test('AUROC is the share of pairs, and its interval that of DeLong’s placements', async () => {
  const random = createRandom(1);
  const draw = (count: number, shift: number) =>
    Array.from({ length: count }, () => Math.round(10 * (random.normal() + shift)) / 10); // with ties
  const [strangers, good] = [draw(60, 1), draw(80, 0)];
  const [{ value, low, high }] = (await intervals([[strangers, good]])) as [Interval];

  const wins = strangers.map((s) => good.map((g) => (s > g ? 1 : s === g ? 0.5 : 0)));
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const variance = (values: readonly number[]) =>
    values.reduce((sum, each) => sum + (each - mean(values)) ** 2, 0) / (values.length - 1);
  const expected = mean(wins.map(mean));
  const columns = good.map((_, j) => mean(wins.map((row) => row[j] as number)));
  const error = Math.sqrt(variance(wins.map(mean)) / 60 + variance(columns) / 80);
  expect(value).toBeCloseTo(expected, 12);
  const width = (1.96 * error) / (expected * (1 - expected));
  expect(logit(low)).toBeCloseTo(logit(expected) - width, 9);
  expect(logit(high)).toBeCloseTo(logit(expected) + width, 9);
});

test('copies of a picture that are one group count once', async () => {
  const random = createRandom(2);
  const draw = (shift: number) => Array.from({ length: 12 }, () => random.normal() + shift);
  const [strangers, good, places] = [draw(1), draw(0), Array.from({ length: 12 }, (_, i) => i)];
  const copied = (values: Numbers) => values.flatMap((value) => [value, value, value]);
  const groups = { strangers: places, good: places }; // the i-th stranger is made of the i-th good picture
  const others = { strangers: places, good: places.map((i) => -1 - i) };
  const [once, thrice, unpaired, none] = (await intervals([
    [strangers, good, groups],
    [copied(strangers), copied(good), { strangers: copied(places), good: copied(places) }],
    [strangers, good, others],
    [strangers, good],
  ])) as [Interval, Interval, Interval, Interval];
  for (const name of ['value', 'low', 'high'] as const) expect(thrice[name]).toBeCloseTo(once[name], 12);
  const width = ({ low, high }: Interval) => logit(high) - logit(low);
  // Student's quantile for 11 degrees of freedom is 2.201.
  expect(width(unpaired) / width(none)).toBeCloseTo(2.201 / 1.96, 3);
  expect(width(once)).not.toBeCloseTo(width(unpaired), 2);
});

test('with patches of nine photographs, the interval by photograph holds the truth, and one by patch does not', async () => {
  const random = createRandom(3);
  const places = Array.from({ length: 9 * 8 }, (_, i) => Math.floor(i / 8));
  const cases = Array.from({ length: 400 }, (): [Numbers, Numbers] => {
    const [ofStrangers, ofGood] = [1, 2].map(() => Array.from({ length: 9 }, () => 2 * random.normal()));
    const patches = (photographs: Numbers | undefined) =>
      places.map((place) => (photographs?.[place] as number) + random.normal());
    return [patches(ofStrangers), patches(ofGood)]; // of one distribution: the truth is 0.5
  });
  const groups = { strangers: places, good: places.map((place) => place + 9) };
  const held = (found: readonly Interval[]) =>
    found.filter(({ low, high }) => low <= 0.5 && high >= 0.5).length;
  const byPhotograph = await intervals(cases.map(([strangers, good]): Case => [strangers, good, groups]));
  expect(held(byPhotograph)).toBeGreaterThanOrEqual(365); // 380 expected, 4.4 standard deviation
  expect(held(byPhotograph)).toBeLessThan(400);
  expect(held(await intervals(cases))).toBeLessThan(300);
});

test('every pair in order, or one photograph, leaves a doubt', async () => {
  const [all, one] = (await intervals([
    [
      [4, 5, 6],
      [1, 2, 3, 0, 0, 1],
    ],
    [[4, 1], [2, 3], { strangers: [0, 0], good: [1, 2] }],
  ])) as [Interval, Interval];
  expect(all).toEqual({ value: 1, low: 0, high: 1 }); // the rule of three, of three
  expect(one).toEqual({ value: 0.5, low: 0, high: 1 });
});

test('the adaptive code is one: over all pictures of a size, 2^−bits sums to 1', async () => {
  const script = `import { adaptiveBits } from ${JSON.stringify(`file://${join(folder, 'anomaly/adaptive-code.mjs')}`)};
    const total = ({ height, width, channels }, bits) => {
      const count = height * width * channels;
      let sum = 0;
      for (let picture = 0; picture < 2 ** (bits * count); picture++) {
        const data = Uint8Array.from({ length: count }, (_, i) => (picture >> (bits * i)) % 2 ** bits);
        sum += 2 ** (-count * adaptiveBits({ data, height, width, channels }, bits));
      }
      return sum;
    };
    const grey = new Uint8Array(784).fill(90);
    console.log(JSON.stringify([
      total({ height: 2, width: 3, channels: 1 }, 2),
      total({ height: 1, width: 2, channels: 3 }, 2),
      784 * adaptiveBits({ data: grey, height: 28, width: 28, channels: 1 }, 8),
    ]));`;
  const [plane, colour, flat] = JSON.parse((await node('--input-type=module', '--eval', script)).out);
  expect(plane).toBeCloseTo(1, 10);
  expect(colour).toBeCloseTo(1, 10);
  expect(flat).toBeLessThan(100); // one colour: the first values, then next to nothing
});

test('measures every kind of stranger, goes on where it was stopped, and writes its tables', async () => {
  const doc = join(root, 'found.md');
  await writeFile(doc, '# Found\n\n<!-- written by npm run eval:anomaly -->\n<!-- until here -->\n');
  const few = ['--sets', 'faces', '--pictures', '2', '--out', root, '--doc', doc];
  expect(await run(...few)).toMatchObject({ code: 0 });
  const file = join(root, 'results.jsonl');
  const text = await readFile(file, 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const names = ['density', 'excess', 'level0', 'level1', 'level2', 'surprise', 'gradient'];
  for (const { by, values } of lines) {
    expect(Object.keys(values)).toEqual(by === 'model' ? expect.arrayContaining(names) : ['bits']);
  }
  const sources = [...new Set(lines.map(({ source }) => source))];
  expect(sources).toEqual(expect.arrayContaining(['good', 'inverted', 'mirrored', 'uniform noise']));
  expect(lines).toHaveLength(2 * 2 * sources.length);
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
