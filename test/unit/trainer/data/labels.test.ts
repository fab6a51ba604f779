import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { findLabels, labelsFrom } from '../../../../packages/trainer/src/data/labels.js';
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
    'class 9/a.png',
    'class 10/a.png',
  ]);
  const { labels } = await openDataset(folder);
  expect(labels?.folder?.values).toEqual(['cat', 'class 9', 'class 10', 'dog']);
  expect(words(labels?.folder)).toEqual(['cat', 'cat', 'class 9', 'class 10', 'dog']);
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
  write('elsewhere/more/labels.csv', 'mood,file_name\ncalm,a.png\n');
  const inside = await openDataset(folder, { labelFile: `${folder}/./more/labels.csv` });
  expect(inside.labels?.mood?.values).toEqual(['calm']);
  expect(inside.leftOut).toEqual([{ file: 'metadata.csv', reason: '.csv' }]);
});

const unusable: [name: string, text: string, message: RegExp][] = [
  [
    'without a picture of the folder',
    'file_name,mood\nb.png,sad\n',
    /\.csv has no line for a\.png, expected a line for each image; add it/,
  ],
  ['of another kind', 'id,label\n1,sad\n', /\.csv has no column file_name.*found: id, label\); add it/],
  [
    'of unequal lines',
    'file_name,mood\na.png,sad\nb.png\n',
    /\.csv is not a CSV file: Invalid Record Length: .*line 3/,
  ],
  ['with an open quote', 'file_name,mood\na.png,"sad\n', /\.csv is not a CSV file: Quote Not Closed: .*line/],
  ['of nothing', '', /\.csv has no column file_name.*found: no lines/],
];

test.each(unusable)('a label file %s is an error if it is named', async (name, text, message) => {
  const folder = await pictures(`named ${name}`, ['a.png']);
  const labelFile = write(`${name}.csv`, text);
  await expect(openDataset(folder, { labelFile })).rejects.toThrow(message);
});

test.each(unusable)(
  'metadata.csv %s does not matter unless labels are asked for',
  async (name, text, message) => {
    const folder = await pictures(`beside ${name}`, ['a.png']);
    write(`beside ${name}/metadata.csv`, text);
    const data = await openDataset(folder);
    expect(data).toMatchObject({ count: 1, labels: {} });
    expect(data.leftOut).toEqual([{ file: 'metadata.csv', reason: '.csv' }]);
    const asked = () => findLabels(data, 'mood');
    expect(asked).toThrow(/^labels: beside .* has no attribute "mood" \(found: none\); .*metadata/);
    expect(asked).toThrow(message);
  },
);

test.each([
  [
    'an empty cell',
    'b.png,,x\n',
    /column mood: line 3 is empty, expected a value for each image; fill it in/,
  ],
  [
    'two words for one picture',
    'b.png,sad,x\n./b.png,glad,x\n',
    /column mood: line 3 says "sad" and line 4 says "glad" for the same image; remove one/,
  ],
])('%s is no class: the column cannot be used, and others can', async (name, lines, message) => {
  const folder = await pictures(name, ['a.png', 'b.png']);
  write(`${name}/metadata.csv`, `file_name,mood,colour\na.png,glad,x\n${lines}`);
  const data = await openDataset(folder);
  expect(words(findLabels(data, 'colour'))).toEqual(['x', 'x']);
  expect(() => findLabels(data, 'mood')).toThrow(message);
  expect(() => findLabels(data, 'mood')).toThrow(join(folder, 'metadata.csv'));
});

test('an empty cell of a picture that is not read, and in another column, does not matter', async () => {
  const folder = await pictures('spare', ['a.png']);
  write('spare/metadata.csv', 'file_name,mood,"a\nname"\na.png,glad,\nb.png,,\n');
  const data = await openDataset(folder);
  expect(Object.keys(data.labels ?? {})).toEqual(['mood']);
  expect(() => findLabels(data, 'a\nname')).toThrow(/line 3 is empty/);
});

test('an attribute of folders that the file spoils is not taken instead', async () => {
  const folder = await pictures('both', ['x/a.png', 'y/b.png']);
  write('both/metadata.csv', 'file_name,folder,folder\nx/a.png,1,2\ny/b.png,1,2\n');
  const data = await openDataset(folder);
  expect(() => findLabels(data, 'folder')).toThrow(/column folder: appears twice, expected once/);
});

test('paths match in whatever way they are written: \\ or /, and any Unicode form', async () => {
  const composed = '\u00fcber'; // one code point for ü; macOS may store two
  const decomposed = composed.normalize('NFD');
  expect(decomposed).not.toBe(composed);
  const folder = await pictures('forms', [`${decomposed}/1.png`, `${composed}2.png`, 'b/c/3.png', 'd.png']);
  write(
    'forms/metadata.csv',
    `file_name,mood\n.\\b\\c\\3.png,c\n${composed}\\1.png,a\n${decomposed}2.png,b\n./d.png,d\n`,
  );
  expect(words((await openDataset(folder)).labels?.mood)).toEqual(['c', 'd', 'a', 'b']);
});

test('more values than an index can tell apart are an error that says so', () => {
  const many = Array.from({ length: 2 ** 16 + 1 }, (_, i) => String(i));
  expect(() => labelsFrom('caption', many)).toThrow('"caption" has 65537 values, expected at most 65536');
  expect(labelsFrom('caption', many.slice(1)).indices.at(-1)).toBe(65535);
});

test('values that count as equal numbers have one order, whatever the order of the pictures', () => {
  expect(labelsFrom('a', ['1', '01', '001']).values).toEqual(labelsFrom('a', ['001', '1', '01']).values);
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
  ['', ''],
  ['.gz', '.gz'],
  ['', '.gz'],
  ['.gz', ''],
])('images of a name that ends in "%s" find the labels beside them, in "%s"', async (images, labels) => {
  const folder = `mnist ${images}, ${labels}`;
  const save = (name: string, bytes: Uint8Array) =>
    write(`${folder}/train-${name}`, name.endsWith('.gz') ? gzipSync(bytes) : bytes);
  const path = save(`images-idx3-ubyte${images}`, idx([4, 1, 1], [10, 20, 30, 40]));
  save(`labels-idx1-ubyte${labels}`, idx([4], [7, 0, 7, 9]));
  expect(words((await openDataset(path)).labels?.label)).toEqual(['7', '0', '7', '9']);
  expect(words((await openDataset(path, { limit: 2 })).labels?.label)).toEqual(['7', '7']);
  const whole = await openDataset(join(root, folder));
  expect(whole).toMatchObject({ name: `train-images-idx3-ubyte${images}`, count: 4 });
  expect(words(whole.labels?.label)).toEqual(['7', '0', '7', '9']);
});

test('a folder with several IDX files of images is an error that says which to pass', async () => {
  const both = ['t10k', 'train'].map((name) => write(`all/${name}-images-idx3-ubyte`, idx([1, 1, 1], [1])));
  write('all/train-labels-idx1-ubyte', idx([1], [1]));
  await expect(openDataset(join(root, 'all'))).rejects.toThrow(
    `holds 2 IDX files of images, expected one; pass one of ${both.join(', ')}`,
  );
});

test('labels of another count than the images are an error', async () => {
  const images = write('odd/images-idx3-ubyte', idx([2, 1, 1], [1, 2]));
  write('odd/labels-idx1-ubyte', idx([3], [1, 2, 3]));
  await expect(openDataset(images)).rejects.toThrow(
    /says 3 labels for the 2 images of .*expected 10 bytes .* got 11/,
  );
});
