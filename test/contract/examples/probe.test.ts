import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { relativeError } from '../../support/numeric.js';

const root = join(__dirname, '../../..');
const probe = join(root, 'examples/probe');

/** Both searches end where no number of the gradient exceeds 1e-5; a penalty of 1e-3 makes at most 1e-2 of it. */
const SEARCH = 1e-2;
/** Products of float64 numbers, of which a part of 1e-12 is left out. */
const ROUNDING = 1e-10;

/** What a program prints as JSON, with the functions of the example. */
function inNode(body: string) {
  const program = `import { predict, probabilities, trainProbe } from ${JSON.stringify(pathToFileURL(join(probe, 'train-probe.mjs')).href)};
    import { minimise } from ${JSON.stringify(pathToFileURL(join(probe, 'minimise.mjs')).href)};
    import { plainProducts } from ${JSON.stringify(pathToFileURL(join(probe, 'products.mjs')).href)};
    import { inSpan } from ${JSON.stringify(pathToFileURL(join(probe, 'span.mjs')).href)};
    const result = await (async () => { ${body} })();
    console.log(JSON.stringify(result));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Twelve rows of three features in three classes that overlap, from a fixed rule. */
const rows = Array.from({ length: 12 }, (_, i) => [Math.sin(i + (i % 3)), (i * 7) % 5, 10 + Math.cos(3 * i)]);
const labels = rows.map((_, i) => i % 3);
const penalty = 0.05;

/** The penalised loss of weights of standardised features and biases, written anew. */
function lossOf(weights: readonly number[][], bias: readonly number[]): number {
  const columns = [0, 1, 2].map((j) => rows.map((row) => row[j] as number));
  const mean = columns.map((column) => column.reduce((a, b) => a + b) / rows.length);
  const deviation = columns.map((column, j) =>
    Math.sqrt(column.reduce((sum, v) => sum + (v - (mean[j] as number)) ** 2, 0) / rows.length),
  );
  const typical = deviation.reduce((a, b) => a + b) / 3;
  const units = deviation.map((d) => (d + 0.01 * typical) * Math.sqrt(3));
  const nats = rows.map((row, i) => {
    const logits = bias.map((b, c) => row.reduce((sum, v, j) => sum + v * (weights[j]?.[c] as number), b));
    return (
      Math.log(logits.reduce((sum, l) => sum + Math.exp(l), 0)) - (logits[labels[i] as number] as number)
    );
  });
  const squares = weights.flatMap((own, j) => own.map((w) => (w * (units[j] as number)) ** 2));
  return nats.reduce((a, b) => a + b) / rows.length + (penalty / 2) * squares.reduce((a, b) => a + b);
}

test('the probe minimises the penalised loss: no small change lowers it', () => {
  const found = inNode(
    `const { weights, bias } = await trainProbe(${JSON.stringify(rows)}, ${JSON.stringify(labels)}, { penalty: ${penalty} });
     return { weights: [...weights], bias: [...bias] };`,
  );
  const weights = [0, 1, 2].map((j) => found.weights.slice(3 * j, 3 * j + 3) as number[]);
  const least = lossOf(weights, found.bias);
  expect(least).toBeLessThan(Math.log(3)); // better than to guess
  for (const change of [1e-2, -1e-2]) {
    for (let j = 0; j < 3; j++) {
      for (let c = 0; c < 3; c++) {
        const moved = weights.map((own, k) => own.map((w, d) => (k === j && d === c ? w + change : w)));
        expect(lossOf(moved, found.bias)).toBeGreaterThan(least);
      }
    }
    for (let c = 0; c < 3; c++) {
      expect(lossOf(weights, found.bias.with(c, found.bias[c] + change))).toBeGreaterThan(least);
    }
  }
});

describe('fewer rows than features', () => {
  /** Eight rows of twenty features; one row stands there twice, and one is the mean of two. */
  const wide = Array.from({ length: 8 }, (_, i) =>
    Array.from({ length: 20 }, (_, j) => (j === 7 ? 2 : Math.sin(3 * i + j * j) + (i % 3 === j % 3 ? 1 : 0))),
  );
  wide[5] = wide[2] as number[];
  wide[6] = (wide[0] as number[]).map((v, j) => (v + (wide[1]?.[j] as number)) / 2);
  const given = `${JSON.stringify(wide)}, ${JSON.stringify(wide.map((_, i) => i % 3))}`;

  test('have the probe that a search of all weights finds', () => {
    const [few, all] = inNode(
      `const found = [];
       for (const products of [undefined, plainProducts]) {
         const { weights, bias } = await trainProbe(${given}, { penalty: 1e-3, iterations: 2000, products });
         found.push([...weights, ...bias]);
       }
       return found;`,
    );
    expect(all.some((weight: number) => Math.abs(weight) > 0.1)).toBe(true);
    expect(relativeError(few, all)).toBeLessThan(SEARCH);
  });

  test('keep their products in their span, where rows that depend on others have no pivot', () => {
    const { rows: own, back } = inNode(
      `const rows = ${JSON.stringify(wide)}.map((row) => Float64Array.from(row));
       const span = inSpan(rows);
       const weights = Float64Array.from({ length: 16 }, (_, i) => (span.rows[i >> 1][i >> 1] > 0 ? Math.cos(i) : 0));
       const here = plainProducts(span.rows, 2).times(weights);
       const there = plainProducts(rows, 2).times(span.weightsOf(weights, 2));
       return { rows: span.rows.map((row) => [...row]), back: [[...here], [...there]] };`,
    );
    const products = (of: readonly number[][]) =>
      of.flatMap((a) => of.map((b) => a.reduce((sum, v, j) => sum + v * (b[j] as number), 0)));
    expect(relativeError(products(own), products(wide))).toBeLessThan(ROUNDING);
    expect([5, 6].map((i) => own[i][i])).toEqual([0, 0]);
    expect(relativeError(back[1], back[0])).toBeLessThan(ROUNDING);
  });
});

test('under a large penalty it knows how frequent the classes are, and no more', () => {
  const { bias, weights } = inNode(
    `const { weights, bias } = await trainProbe([[1], [2], [4], [8]], [0, 0, 0, 1], { penalty: 1e6 });
     return { weights: [...weights], bias: [...bias] };`,
  );
  expect(bias[0] - bias[1]).toBeCloseTo(Math.log(3), 3);
  expect(Math.abs(weights[0])).toBeLessThan(1e-4);
});

test('classes that a feature separates are told apart, also beside a feature that never changes', () => {
  const found = inNode(
    'const probe = await trainProbe([[0, 5], [1, 5], [9, 5], [8, 5]], [0, 0, 1, 1]); return predict(probe, [[0.5, 5], [7, 5]]);',
  );
  expect(found).toEqual([0, 1]);
});

test('probabilities are the softmax of the logits, however large these are', () => {
  const found = inNode(
    'const probe = { classes: 2, weights: Float64Array.of(1, -1), bias: Float64Array.of(0, 1) }; return probabilities(probe, [[2], [-2000]]);',
  );
  expect(found[0][0]).toBeCloseTo(1 / (1 + Math.exp(-3)), 12); // logits 2 and −1
  expect(found[0][0] + found[0][1]).toBeCloseTo(1, 12);
  expect(found[1]).toEqual([0, 1]);
});

test('L-BFGS finds the minimum of a long valley', () => {
  const found = inNode(
    `const f = async ([x, y]) => ({ value: (x - 1) ** 2 + 1000 * (y + 2) ** 2, gradient: Float64Array.of(2 * (x - 1), 2000 * (y + 2)) });
     return [...(await minimise(f, Float64Array.of(30, 40), 100, 1e-9))];`,
  );
  expect(found[0]).toBeCloseTo(1, 6);
  expect(found[1]).toBeCloseTo(-2, 6);
});

test.each([
  ['[], []', 'expected a label for each row, got 0 rows and 0 labels'],
  ['[[1]], [0, 1]', 'expected a label for each row, got 1 rows and 2 labels'],
  ['[[1], [1, 2]], [0, 1]', 'the rows differ in length'],
  ['[[1], [2]], [0, -1]', 'a label must be an integer from 0 on'],
  ['[[1], [NaN]], [0, 1]', 'a feature is not finite'],
])('says what is wrong with trainProbe(%s)', (args, message) => {
  expect(inNode(`return trainProbe(${args}).catch((error) => error.message)`)).toBe(`trainProbe: ${message}`);
});

test.each(['NaN', 'Infinity'])('does not predict the class of a row with %s', (value) => {
  const found = inNode(
    `const probe = await trainProbe([[0, 1], [1, 0]], [0, 1]);
     try { return predict(probe, [[0, 1], [${value}, 0]]); } catch ({ name, message }) { return [name, message]; }`,
  );
  expect(found).toEqual(['RangeError', 'predict: a feature is not finite']);
});

describe('probe.mjs', () => {
  let folder: string;
  const run = (...args: string[]) =>
    spawnSync(
      process.execPath,
      [join(probe, 'probe.mjs'), ...args, '--model', join(root, 'models/pixel-faces')],
      {
        encoding: 'utf8',
        cwd: folder,
      },
    );
  const write = (path: string, value: number) =>
    sharp({ create: { width: 16, height: 16, channels: 3, background: { r: value, g: value, b: value } } })
      .png()
      .toFile(join(folder, path));
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'probe-'));
    for (const name of ['dark', 'light']) mkdirSync(join(folder, 'labelled', name), { recursive: true });
    for (const i of [0, 1, 2]) {
      await write(`labelled/dark/${i}.png`, 20 + 10 * i);
      await write(`labelled/light/${i}.png`, 200 + 10 * i);
    }
    await write('a.png', 25);
    await write('b.png', 215);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('tells classes that it learned from three pictures each', () => {
    expect(run('labelled', 'a.png', 'b.png')).toMatchObject({
      stdout: 'a.png: dark\nb.png: light\n',
      status: 0,
    });
  });

  test('says what is missing', () => {
    expect(run('labelled')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('pictures to tell apart'),
    });
    expect(run('labelled/dark', 'a.png')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('two classes'),
    });
  });
});
