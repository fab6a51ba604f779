import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RawImage, type RestoreStep, writePng } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { progressOn } from '../../../packages/runtime/src/cli/progress.js';
import { denoise } from '../../../packages/runtime/src/cli/restore-commands.js';
import { glow } from '../../support/glow-command.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

let fixture: ModelFixture;
let folder: string;
const image = (value: (i: number) => number): RawImage => ({
  data: Uint8Array.from({ length: 192 }, (_, i) => value(i)),
  ...{ height: 8, width: 8, channels: 3 },
});

beforeAll(async () => {
  fixture = await writeModelFixture(tinyConfig(), 3);
  folder = fixture.directory;
  for (const name of ['in', 'masks']) mkdirSync(join(folder, name));
  for (const name of ['a', 'b']) {
    await writePng(
      join(folder, 'in', `${name}.png`),
      image((i) => (i * 7) % 256),
    );
    await writePng(
      join(folder, 'masks', `${name}.png`),
      image((i) => (i % 24 < 12 ? 255 : 0)),
    );
  }
}, 60_000);
afterAll(() => fixture.remove());

const at = (name: string) => join(folder, name);

test('inpaint completes a folder with a folder of masks, as often as asked', async () => {
  const out = at('completed');
  const args = [
    'inpaint',
    folder,
    at('in'),
    at('masks'),
    '--samples',
    '2',
    '--steps',
    '2',
    '--out',
    out,
    '--json',
  ];
  const { code, out: text } = await glow(...args);
  expect(code).toBe(0);
  for (const name of ['a-1', 'a-2', 'b-1', 'b-2']) expect(existsSync(join(out, `${name}.png`))).toBe(true);
  expect(JSON.parse(text).restored).toHaveLength(2);
});

test('a grid counts its images', async () => {
  const args = [
    folder,
    at('in/a.png'),
    at('masks/a.png'),
    '--samples',
    '2',
    '--steps',
    '2',
    '--out',
    at('grid.png'),
  ];
  expect((await glow('inpaint', ...args)).out).toContain('wrote 2 images to');
});

/** The part of a grid of cells of 16×16 enlarged 8×8 images, at the size of an image. */
async function cell(path: string, row: number, column: number): Promise<RawImage> {
  const side = 16 * 8;
  const place = { left: column * (side + 4), top: row * (side + 4), width: side, height: side };
  const { data } = await sharp(path)
    .extract(place)
    .resize(8, 8, { kernel: 'nearest' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), ...{ height: 8, width: 8, channels: 3 } };
}

test('--grid shows each image as it was given, beside its results', async () => {
  const [out, grid] = [at('for-grid'), at('masked-and-results.png')];
  const args = ['--samples', '2', '--steps', '2', '--out', out, '--grid', grid];
  const told = await glow('inpaint', folder, at('in'), at('masks'), ...args);
  expect(told).toMatchObject({ code: 0, out: expect.stringContaining(`to ${out}, and ${grid}`) });
  const { width, height } = await sharp(grid).metadata();
  expect([width, height]).toEqual([3 * 132 - 4, 2 * 132 - 4]);
  const masked = (await cell(grid, 1, 0)).data;
  expect([...masked]).toEqual(Array.from(masked, (_, i) => (i % 24 < 12 ? 128 : (i * 7) % 256)));
  const result = new Uint8Array(await sharp(join(out, 'b-2.png')).raw().toBuffer());
  expect((await cell(grid, 1, 2)).data).toEqual(result);
});

test('the grid of enlarge shows the small image as large as its result', async () => {
  await writePng(at('small.png'), { data: new Uint8Array(48).fill(200), height: 4, width: 4, channels: 3 });
  const [out, grid] = [at('large'), at('small-and-large.png')];
  const args = ['enlarge', folder, at('small.png'), '--steps', '2', '--out', out, '--grid', grid];
  expect(await glow(...args)).toMatchObject({ code: 0 });
  expect((await cell(grid, 0, 0)).data).toEqual(new Uint8Array(192).fill(200));
});

test('images of several sizes stand in one grid', async () => {
  await writePng(at('wide.png'), { data: new Uint8Array(384), height: 8, width: 16, channels: 3 });
  const [out, grid] = [at('sizes'), at('sizes.png')];
  const args = ['--sigma', '0.1', '--steps', '1', '--fit', 'none', '--out', out, '--grid', grid];
  const { code, out: text } = await glow('denoise', folder, at('in/a.png'), at('wide.png'), ...args);
  expect([code, text]).toEqual([0, expect.stringContaining('wrote 2 images to')]);
  expect(await sharp(grid).metadata()).toMatchObject({ width: 2 * 16 * 16 + 4, height: 2 * 8 * 16 + 4 });
});

test.each([
  ['x.jpg', 2, 'It must be FILE.png.'],
  ['never/a.png', 1, 'is a file that --out writes'],
  ['in/a.png', 1, 'is read by this command: it would be lost, also with --force; pass another --grid'],
])('--grid %s is refused before any work', async (grid, expected, message) => {
  const args = ['--sigma', '0.1', '--out', at('never'), '--grid', at(grid)];
  const { code, err } = await glow('denoise', folder, at('in/a.png'), ...args);
  expect([code, err]).toEqual([expected, expect.stringContaining(message)]);
  expect(existsSync(at('never'))).toBe(false);
});

test('a long search tells its steps', () => {
  let [time, text] = [0, ''];
  const terminal = { isTTY: true, write: (part: string) => (text += part) };
  const { onProgress, onStep } = progressOn(terminal, 'glow', () => time);
  const told = (tell: () => void) => {
    [time, text] = [time + 3000, ''];
    tell();
    return text;
  };
  const step = { image: 0, sample: 0, step: 3, steps: 80, picture: image(() => 0) };
  expect(told(() => onStep(step))).toBe('\r\u001b[Kstep 3 of 80');
  expect(told(() => onStep({ ...step, image: 1 }))).toBe(''); // the same step of another image
  expect(told(() => onProgress({ done: 1, total: 2 }))).toBe('\r\u001b[K1 of 2 images');
  expect(told(() => onStep({ ...step, sample: 8 }))).toBe('\r\u001b[K1 of 2 images, sample 9, step 3 of 80');
});

test('a command passes the steps of its search on', async () => {
  const told: number[][] = [];
  const context = {
    ...{ worker: false, signal: new AbortController().signal, onProgress: () => undefined },
    onStep: ({ sample, step, steps: all }: RestoreStep) => told.push([sample, step, all]),
  };
  const search = { sigma: 0.1, steps: 2, samples: 3, temperature: 1, seed: 0, fit: 'cover' } as const;
  const flags = {
    ...search,
    ...({ device: 'cpu', precision: 'fp32', force: false } as const),
    out: at('told'),
  };
  await denoise(folder, [at('in/a.png')], flags, context);
  expect(told).toEqual([0, 1, 2].map((step) => [0, step, 2]));
});

test('inpaint takes each mask by its name, and says which is missing', async () => {
  for (const name of ['some-masks', 'other-masks']) mkdirSync(at(name));
  await writePng(
    at('some-masks/a.png'),
    image((i) => (i % 24 < 12 ? 255 : 0)),
  );
  writeFileSync(at('some-masks/b.tiff'), 'no picture');
  for (const name of ['a', 'c']) copyFileSync(at('masks/a.png'), at(`other-masks/${name}.png`));
  const tried = async (masks: string) => {
    const { code, err } = await glow('inpaint', folder, at('in'), at(masks), '--out', at('unmade'));
    return [code, err, existsSync(at('unmade'))];
  };
  expect(await tried('some-masks')).toEqual([
    1,
    expect.stringMatching(/the folder of masks has 1 mask for 2 images.*b\.tiff/),
    false,
  ]);
  expect(await tried('other-masks')).toEqual([
    1,
    expect.stringMatching(/in.b\.png has no mask of its name; .*c\.png stands in its place/),
    false,
  ]);
});

test('inpaint does not write into the folder of its masks', async () => {
  const before = readFileSync(join(at('masks'), 'a.png'));
  const { code, err } = await glow('inpaint', folder, at('in'), at('masks'), '--out', at('masks'), '--force');
  expect(code).toBe(1);
  expect(err).toContain('whose images are read');
  expect(readFileSync(join(at('masks'), 'a.png'))).toEqual(before);
});

test.each([
  [['denoise', 'IN', '--sigma', '2', '--out', 'x.png'], 'It must be a number from 0.001 to 1.'],
  [['enlarge', 'IN', '--factor', '3', '--out', 'x.png'], 'It must be 2 or 4.'],
  [['inpaint', 'IN', 'IN', '--temperature', '-1', '--out', 'x.png'], 'It must be a number from 0 to 10.'],
])('%j is wrong usage', async ([name, ...args], message) => {
  const { code, err } = await glow(
    name as string,
    folder,
    ...args.map((arg) => (arg === 'IN' ? at('in') : arg)),
  );
  expect(code).toBe(2);
  expect(err).toContain(message);
});
