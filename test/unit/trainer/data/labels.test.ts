import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openDataset } from '../../../../packages/trainer/src/data/open-dataset.js';
import { png, temporaryFolder } from './files.js';

const { root, write } = temporaryFolder();
const words = (labels: { values: readonly string[]; indices: ArrayLike<number> } | undefined) =>
  Array.from(labels?.indices ?? [], (index) => labels?.values[index]);

async function pictures(folder: string, names: readonly string[]): Promise<string> {
  for (const [i, name] of names.entries()) write(`${folder}/${name}`, await png(1, 1, [i]));
  return join(root, folder);
}

test('the first folder of each picture is its label', async () => {
  const folder = await pictures('animals', [
    'cat/a.png',
    'cat/black/b.png',
    'dog/a.png',
    'class 10/a.png',
    'class 9/a.png',
  ]);
  const { labels } = await openDataset(folder);
  expect(labels?.folder?.values).toEqual(['cat', 'class 9', 'class 10', 'dog']);
  expect(words(labels?.folder)).toEqual(['cat', 'cat', 'class 10', 'class 9', 'dog']);
});

test('pictures beside folders are in none, so there is no such label', async () => {
  const { labels } = await openDataset(await pictures('partly', ['a.png', 'b/c.png']));
  expect(labels).toEqual({});
});

test('pictures that are left out take their labels along', async () => {
  const folder = await pictures('gaps', ['a/1.png', 'b/2.png', 'c/3.png']);
  write('gaps/b/2.png', 'no picture');
  const data = await openDataset(folder);
  expect(data.skipped).toHaveLength(1);
  expect(words(data.labels?.folder)).toEqual(['a', 'c']);
});

test('columns of metadata.csv are labels, in whatever order its lines are', async () => {
  const folder = await pictures('csv', ['a.png', 'b/c.png', 'd.png']);
  write(
    'csv/metadata.csv',
    '\ufefffile_name,mood,"how, old"\nd.png,sad,9\n"b/c.png",glad,10\n\n a.png ,glad,9\nother.png,x,1\n',
  );
  const { labels } = await openDataset(folder);
  expect(words(labels?.mood)).toEqual(['glad', 'glad', 'sad']);
  expect(labels?.['how, old']?.values).toEqual(['9', '10']);
});

test('a label file may stand elsewhere, and counts instead of the one in the folder', async () => {
  const folder = await pictures('elsewhere', ['a.png']);
  write('elsewhere/metadata.csv', 'file_name,mood\na.png,sad\n');
  const labelFile = write('labels.csv', 'mood,file_name\nglad,a.png\n');
  expect(words((await openDataset(folder, { labelFile })).labels?.mood)).toEqual(['glad']);
});

test.each([
  [
    'without a picture of the folder',
    'file_name,mood\nb.png,sad\n',
    /has no line for a\.png, expected a line for each image/,
  ],
  ['without paths', 'mood\nsad\n', /has no column file_name.*found: mood/],
  ['of unequal lines', 'file_name,mood\na.png\n', /is not a CSV file: Invalid Record Length/],
  ['of nothing', '', /has no column file_name.*found: no lines/],
])('a label file %s is an error', async (name, text, message) => {
  const folder = await pictures(name, ['a.png']);
  const labelFile = write(`${name}.csv`, text);
  await expect(openDataset(folder, { labelFile })).rejects.toThrow(message);
});

test('a label file that is not there, or for what is no folder of pictures, is an error', async () => {
  const folder = await pictures('plain', ['a.png']);
  await expect(openDataset(folder, { labelFile: join(root, 'none.csv') })).rejects.toThrow(
    /none\.csv cannot be read \(ENOENT\)/,
  );
  const file = write('two-images-idx3-ubyte', idx([1, 1, 1], [0]));
  await expect(openDataset(file, { labelFile: file })).rejects.toThrow(
    /a label file needs a folder of images/,
  );
});

function idx(dimensions: readonly number[], data: readonly number[]): Uint8Array {
  return Uint8Array.from([0, 0, 8, dimensions.length, ...dimensions.flatMap((n) => [0, 0, 0, n]), ...data]);
}

test.each([
  ['', (bytes: Uint8Array) => bytes],
  ['.gz', gzipSync],
])('the IDX file of labels beside that of images is read, named%s', async (ending, pack) => {
  const images = write(
    `mnist${ending}/train-images-idx3-ubyte${ending}`,
    pack(idx([4, 1, 1], [10, 20, 30, 40])),
  );
  write(`mnist${ending}/train-labels-idx1-ubyte${ending}`, pack(idx([4], [7, 0, 7, 9])));
  expect(words((await openDataset(images)).labels?.label)).toEqual(['7', '0', '7', '9']);
  expect(words((await openDataset(images, { limit: 2 })).labels?.label)).toEqual(['7', '7']);
});

test('labels of another count than the images are an error', async () => {
  const images = write('odd/images-idx3-ubyte', idx([2, 1, 1], [1, 2]));
  write('odd/labels-idx1-ubyte', idx([3], [1, 2, 3]));
  await expect(openDataset(images)).rejects.toThrow(
    /says 3 labels for the 2 images of .*expected 10 bytes .* got 11/,
  );
});
