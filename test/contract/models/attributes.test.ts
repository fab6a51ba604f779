import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadGlow, loadLatents } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { evaluate, models } from './evaluate.js';

const faces = join(models, 'pixel-faces');

describe('editErrors', () => {
  /** Two pixels: the right answer changes the first by 30 and leaves the second. */
  const scores = (edited: number[]) =>
    evaluate(
      'drawn/edit-errors.mjs',
      `m.editErrors([{ data: ${JSON.stringify(edited)} }], [{ data: [10, 20, 30, 5, 5, 5] }],
        [{ data: [10, 20, 120, 5, 5, 5] }])`,
    );

  test('of doing nothing is the whole change where the answer changes and nothing elsewhere', () => {
    expect(scores([10, 20, 30, 5, 5, 5])).toEqual({
      ...{ nothing: 30, changed: 30, changedExact: 0 },
      ...{ elsewhere: 0, elsewhereExact: 1, wholeNothing: 15, whole: 15, broken: 0 },
    });
  });

  test('of the right answer is 0, and every pixel is exact', () => {
    expect(scores([10, 20, 120, 5, 5, 5])).toMatchObject({
      ...{ nothing: 30, changed: 0, changedExact: 1, elsewhere: 0, elsewhereExact: 1, whole: 0 },
    });
  });

  test('calls noise what moved too far elsewhere', () => {
    expect(scores([10, 20, 120, 125, 5, 5])).toMatchObject({ elsewhere: 40, broken: 0 });
    expect(scores([10, 20, 120, 128, 5, 5])).toMatchObject({ elsewhere: 41, broken: 1 });
  });

  test('tells what moves elsewhere from what falls short where it should act', () => {
    expect(scores([10, 20, 90, 5, 11, 5])).toMatchObject({
      ...{ changed: 10, changedExact: 0, elsewhere: 2, elsewhereExact: 0, wholeNothing: 15, whole: 6 },
    });
  });
});

/** The first three pairs of an edit, as lists of values, each before and after. */
function pairsOf(name: string, seed: number): [number[][], number[][]] {
  return evaluate(
    'drawn/edits.mjs',
    `await (async () => {
      const { edits } = await import(${JSON.stringify(join(faces, 'edits.mjs'))});
      const design = await import(${JSON.stringify(join(faces, 'face.mjs'))});
      const edit = edits.find(({ name }) => name === '${name}');
      const { before, after } = m.counterfactualPairs(design, edit, { seed: ${seed}, count: 3, bits: 5 });
      return [before, after].map((images) => images.map(({ data }) => Array.from(data)));
    })()`,
  ) as [number[][], number[][]];
}

test.each([1, 2])('a counterfactual pair of seed %d differs in the attribute alone', (seed) => {
  const [before, after] = pairsOf('hat', seed);
  for (const [i, face] of before.entries()) {
    const rows = face.flatMap((value, k) => (value === after[i]?.[k] ? [] : [Math.floor(k / 48)]));
    expect(rows.length).toBeGreaterThan(0);
    expect(Math.max(...rows)).toBeLessThan(8); // a beanie stays in the upper half
  }
});

test('held-out pairs begin with shipped faces that have the first value', async () => {
  const { labels } = JSON.parse(`${readFileSync(join(faces, 'faces.json'))}`);
  const short = labels.hair.values.indexOf('short01').toString(36);
  const found = [...labels.hair.indices]
    .flatMap((digit, face) => (digit === short ? [face] : []))
    .slice(0, 3);
  const tiles = found.map((face) =>
    sharp(join(faces, 'faces.png'))
      .extract({ left: 16 * (face % 160), top: 16 * Math.floor(face / 160), width: 16, height: 16 })
      .removeAlpha()
      .raw()
      .toBuffer(),
  );
  const shipped = (await Promise.all(tiles)).map((tile) => [...tile].map((value) => value >> 3));
  expect(pairsOf('hair', 1)[0].map((face) => face.map((value) => value >> 3))).toEqual(shipped);
});

test('a renewed table takes the place of the one with its header', () => {
  const page = 'before\n\n| a | b |\n|---|--:|\n| x | 1 |\n| y | 2 |\n\nafter | all';
  const replaced = evaluate(
    'tables.mjs',
    `m.replaceTable(${JSON.stringify(page)}, m.table('lr', ['a', 'b'], [['z', 3]]))`,
  );
  expect(replaced).toBe('before\n\n| a | b |\n|---|--:|\n| z | 3 |\n\nafter | all');
});

test('the command scores every edit, there and back', () => {
  const command = [join(faces, 'attributes.mjs'), '--pairs', '8', '--tried', '8'];
  const lines = execFileSync(process.execPath, command, { encoding: 'utf8' }).trim().split('\n');
  const names = evaluate('pixel-faces/edits.mjs', 'm.edits.map(({ name }) => name)') as string[];
  const scored = lines.map((line) => /^\| (\w+): /.exec(line)?.[1]).filter(Boolean);
  expect(scored).toEqual([...names, ...names]);
});

test.each(['faces', 'pixel-faces'])(
  'the directions of models/%s are of the model beside them, and as the page expects them',
  async (name) => {
    const folder = join(models, name);
    const read = (file: string) => readFileSync(join(folder, 'directions', file));
    const directions: { label: string; fromLabel: string; toLabel: string; file: string }[] = JSON.parse(
      `${read('index.json')}`,
    );
    expect(directions.length).toBeGreaterThanOrEqual(4);
    const glow = await loadGlow(folder, { device: 'cpu' });
    const shapes = glow.manifest.latents.map(({ channels, downscale }) => [
      channels,
      glow.config.height / downscale,
      glow.config.width / downscale,
    ]);
    for (const { label, fromLabel, toLabel, file } of directions) {
      const { z } = loadLatents(glow, read(file));
      expect([label, fromLabel, toLabel].map((text) => typeof text)).toEqual(['string', 'string', 'string']);
      expect(z).toHaveLength(1);
      expect(z[0]?.levels.map(({ shape }) => shape)).toEqual(shapes);
    }
    await glow.dispose();
  },
);
