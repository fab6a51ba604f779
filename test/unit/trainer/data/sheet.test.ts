import { join } from 'node:path';
import { openDataset } from '../../../../packages/trainer/src/data/open-dataset.js';
import { png, temporaryFolder } from './files.js';

const { write } = temporaryFolder();

const description = {
  format: 'glow-onnx-sheet',
  version: 1,
  name: 'three',
  image: 'three.png',
  tile: { width: 2, height: 1 },
  columns: 2,
  count: 3,
  labels: { mood: { values: ['sad', 'glad'], indices: '101' } },
};

// biome-ignore format: as an image
const grey = [
  1, 2,  3, 4,
  5, 6,  0, 0,
];

/** Writes three.png and three.json into a folder of that name, with parts of the description replaced. */
async function sheet(folder: string, changes: object = {}, pixels = grey): Promise<string> {
  write(`${folder}/three.png`, await png(2, 4, pixels));
  return write(`${folder}/three.json`, JSON.stringify({ ...description, ...changes }));
}

test('a sheet is cut into its tiles, row by row, with their labels', async () => {
  const path = await sheet('plain');
  for (const named of [path, path.replace('.json', '.png')]) {
    const data = await openDataset(named);
    expect(data).toMatchObject({ name: 'three', count: 3, channels: 1, height: 1, width: 2 });
    expect([...(await data.batch([2, 0, 1]))]).toEqual([5, 6, 1, 2, 3, 4]);
    expect(data.labels?.mood?.values).toEqual(['sad', 'glad']);
    expect([...(data.labels?.mood?.indices ?? [])]).toEqual([1, 0, 1]);
  }
});

test('images come out one by one, in the form that the runtime takes', async () => {
  const data = await openDataset(await sheet('single'));
  expect(await data.images([2, 0])).toEqual([
    { data: Uint8Array.of(5, 6), height: 1, width: 2, channels: 1 },
    { data: Uint8Array.of(1, 2), height: 1, width: 2, channels: 1 },
  ]);
});

test('a coloured sheet keeps its colours', async () => {
  const rgb = grey.flatMap((p) => [p, p * 10, p * 20]);
  const data = await openDataset(await sheet('rgb', {}, rgb));
  expect([...(await data.batch([1]))]).toEqual([3, 30, 60, 4, 40, 80]);
});

test('a limit takes tiles and their labels together', async () => {
  const labels = { mood: { values: ['sad', 'glad', 'calm'], indices: '0111200' } };
  const path = await sheet('few', { columns: 4, count: 7, tile: { width: 1, height: 1 }, labels });
  const data = await openDataset(path, { limit: 3 }); // tiles 0, 2 and 4
  expect([...(await data.batch([0, 1, 2]))]).toEqual([1, 3, 5]);
  expect([...(data.labels?.mood?.indices ?? [])]).toEqual([0, 1, 2]);
});

test.each<[string, object, RegExp]>([
  ['another format', { format: 'x' }, /three\.json does not describe a sheet: format: expected one of/],
  ['a picture outside its folder', { image: '../three.png' }, /does not describe a sheet: image/],
  ['too many tiles', { count: 5 }, /three\.png is 2×4, expected 3×4 .* 5 tiles in 2 columns/],
  ['no picture', { image: 'none.png' }, /none\.png cannot be read/],
  [
    'too few labels',
    { labels: { a: { values: ['x'], indices: '00' } } },
    /labels\.a\.indices: expected 3 digits/,
  ],
  [
    'labels without a value',
    { labels: { a: { values: ['x', 'y'], indices: '020' } } },
    /below 2 .* largest 2/,
  ],
])('a sheet with %s is an error', async (name, changes, message) => {
  await expect(openDataset(await sheet(name, changes))).rejects.toThrow(message);
});

test('a sheet is neither resized nor brought to other channels', async () => {
  const path = await sheet('fixed');
  await expect(openDataset(path, { size: { height: 2, width: 2 } })).rejects.toThrow(
    /has tiles of 1×2, expected 2×2; leave out --size/,
  );
  await expect(openDataset(path, { channels: 3 })).rejects.toThrow(/has 1 channels, expected 3/);
});

test('a picture alone and a file that is no JSON are errors that say what to pass', async () => {
  await expect(openDataset(write('alone/a.png', 'x'))).rejects.toThrow(
    /is a single image, expected .*a\.json beside it/,
  );
  await expect(openDataset(write('alone/b.json', '{'))).rejects.toThrow(
    /b\.json: not valid JSON.*; pass a sheet/,
  );
});

test('the faces in models/pixel-faces stand where their labels say', async () => {
  const faces = await openDataset(join(__dirname, '../../../../models/pixel-faces/faces.json'));
  expect(faces).toMatchObject({ name: 'faces', count: 20_000, channels: 3, height: 16, width: 16 });
  const { values, indices } = faces.labels?.background ?? { values: [], indices: [] };
  const colours: Record<string, string> = { cream: 'f6efdf', sky: 'd7e8f2', mint: 'dcefdc', rose: 'f5dcdc' };
  const all = await faces.batch(Array.from({ length: faces.count }, (_, i) => i));
  const wrong = Array.from(indices).filter((value, i) => {
    // No hair, hat or shirt reaches the top left corner.
    const corner = Buffer.from(all.subarray(i * 768, i * 768 + 3)).toString('hex');
    return corner !== colours[values[value] as string];
  });
  expect(wrong).toEqual([]);
});
