import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const bench = join(root, 'bench');
let out = '';

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'defects-'));
});
afterAll(() => rm(out, { recursive: true, force: true }));

const node = (args: readonly string[]): string => execFileSync(process.execPath, args, { encoding: 'utf8' });

/** What an expression over a module of bench/defects is; Jest itself cannot import those. */
function evaluate(module: string, expression: string): unknown {
  const program = `import * as m from ${JSON.stringify(join(bench, 'defects', module))};
    console.log(JSON.stringify(${expression}));`;
  return JSON.parse(node(['--input-type=module', '-e', program]));
}

test('the area under the curve is the share of pairs that are in order; a tie counts half', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];
  const mask = [0, 0, 1, 1, 1, 0, 0, 1, 0, 1];
  let [wins, pairs] = [0, 0];
  for (const [i, inside] of mask.entries()) {
    for (const [j, other] of mask.entries()) {
      if (inside !== 1 || other !== 0) continue;
      pairs++;
      const [a, b] = [values[i] as number, values[j] as number];
      wins += a > b ? 1 : a === b ? 0.5 : 0;
    }
  }
  expect(evaluate('measures.mjs', `m.maskedAuroc([${values}], [${mask}])`)).toBeCloseTo(wins / pairs, 12);
  expect(evaluate('measures.mjs', 'm.maskedAuroc([1, 2], [0, 1])')).toBe(1);
  expect(() => evaluate('measures.mjs', 'm.maskedAuroc([1, 2], [1, 1])')).toThrow(
    'auroc: expected numbers on both sides, got 2 and 0',
  );
});

test('the overlap of regions is the mean over defects, whatever their size', () => {
  const overlap = (maps: number[][], masks: number[][], limit: number) =>
    evaluate(
      'measures.mjs',
      `m.perRegionOverlap(${JSON.stringify(maps)}, ${JSON.stringify(masks)}, ${limit})`,
    );
  const masks = [
    [1, 1, 1, 1, 0, 0, 0, 0],
    [1, 0, 0, 0, 0, 0, 0, 0],
  ];
  expect(overlap([masks[0], masks[1]] as number[][], masks, 0.3)).toBeCloseTo(1, 12);
  // The large defect is found before any false alarm, the small one never: half of the defects.
  const one = [9, 9, 9, 9, 1, 2, 3, 4];
  const other = [0, 5, 6, 7, 8, 5.5, 6.5, 7.5];
  expect(overlap([one, other], masks, 0.5)).toBeCloseTo(0.5, 12);
  // Values without meaning, all equal: the overlap is the share of alarms, on average half the limit.
  expect(overlap([Array(8).fill(1), Array(8).fill(1)], masks, 0.5)).toBeCloseTo(0.25, 12);
});

test('each defect marks some pixels, and the same numbers draw the same picture', () => {
  const found = evaluate(
    'picture.mjs',
    `await Promise.all(Object.entries((await import(${JSON.stringify(join(bench, 'defects/defects.mjs'))})).defectsOf)
      .flatMap(([surface, kinds]) => kinds.flatMap((kind) => [0, 1, 2, 3, 4].map((i) => {
        const [a, b] = [0, 0].map(() => m.drawPicture(surface, 64, 5, i, { kind, contrast: 0.5 }));
        return { same: a.data.join() === b.data.join(), pixels: a.mask.reduce((sum, one) => sum + one) };
      }))))`,
  ) as { same: boolean; pixels: number }[];
  expect(found).toHaveLength(45);
  for (const { same, pixels } of found) {
    expect(same).toBe(true);
    expect(pixels).toBeGreaterThan(5);
    expect(pixels).toBeLessThan(64 * 64 * 0.2);
  }
});

test('statistics of patches are far from a patch that good pictures do not have', () => {
  const [inside, outside] = evaluate(
    'patch-statistics.mjs',
    `await (async () => {
      const { drawPicture } = await import(${JSON.stringify(join(bench, 'defects/picture.mjs'))});
      const mapOf = m.learnPatches([0, 1, 2, 3, 4, 5, 6, 7].map((i) => drawPicture('machined', 64, 5, i)));
      const { mask, ...picture } = drawPicture('machined', 64, 6, 0, { kind: 'stain', contrast: 0.5 });
      const map = mapOf(picture);
      return [1, 0].map((side) => {
        const own = [...map].filter((_, i) => mask[i] === side);
        return own.reduce((sum, value) => sum + value) / own.length;
      });
    })()`,
  ) as [number, number];
  expect(outside).toBeGreaterThan(20); // 48 numbers: the mean over good patches is 48
  expect(outside).toBeLessThan(100);
  expect(inside).toBeGreaterThan(5 * outside);
});

test('the bench writes its tables into a document, and keeps the maps', async () => {
  const [data, models, maps, doc] = ['data', 'models', 'maps', 'found.md'].map((name) => join(out, name)) as [
    string,
    string,
    string,
    string,
  ];
  node([join(bench, 'defects/generate.mjs'), '--out', data, '--train', '4', '--test', '2']);
  expect((await readdir(data)).sort()).toContain('woven-masks.png');
  // Any model of colour pictures; what it finds does not matter here.
  await mkdir(models);
  for (const surface of ['woven', 'printed', 'machined']) {
    await symlink(join(root, 'models/pixel-faces'), join(models, surface));
  }
  const few = ['--draws', '1', '--good', '8'];
  const run = [join(bench, 'defects.mjs'), '--data', data, '--models', models, '--out', maps, ...few];
  await writeFile(doc, 'no marks');
  expect(() => node([...run, '--doc', doc])).toThrow('lacks the lines');
  await writeFile(doc, 'before\n<!-- written by npm run eval:defects -->\n<!-- until here -->\nafter\n');
  node([...run, '--doc', doc]);
  const text = await readFile(doc, 'utf8');
  expect(text).toMatch(/^before\n[\s\S]*\| machined \| flow, gradient \|[\s\S]*after\n$/);
  expect((await readdir(maps)).sort()).toContain('woven-flow-terms-1.f32');
  const broken = join(maps, 'woven-flow-terms-1.f32');
  await writeFile(broken, new Uint8Array(4 * 64 * 64 * 8)); // a map that is the same everywhere decides nothing
  node([...run, '--doc', doc]);
  expect(await readFile(doc, 'utf8')).toContain('| woven | flow, terms | 0.500 ± 0.000 |');
}, 120_000);
