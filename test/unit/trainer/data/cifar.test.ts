import { dirname, join } from 'node:path';
import { openDataset } from '../../../../packages/trainer/src/data/open-dataset.js';
import { temporaryFolder } from './files.js';

const { root, write } = temporaryFolder();
const names = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

/** A label, then three planes of 32×32: pixel p has red `label`, green p mod 256, blue 255. */
function record(label: number): number[] {
  const plane = (value: (pixel: number) => number) =>
    Array.from({ length: 1024 }, (_, pixel) => value(pixel) & 255);
  return [label, ...plane(() => label), ...plane((pixel) => pixel), ...plane(() => 255)];
}
const file = (labels: readonly number[]) => Uint8Array.from(labels.flatMap(record));

test('CIFAR-10’s folder gives the images and words of all its training files', async () => {
  write('cifar/data_batch_2.bin', file([9]));
  write('cifar/data_batch_1.bin', file([3, 0]));
  write('cifar/test_batch.bin', file([5, 5]));
  write('cifar/batches.meta.txt', `${names.join('\n')}\n\n`);
  const data = await openDataset(join(root, 'cifar'));
  expect(data).toMatchObject({ name: 'cifar', count: 3, channels: 3, height: 32, width: 32 });
  expect([...(await data.batch([0])).subarray(0, 9)]).toEqual([3, 0, 255, 3, 1, 255, 3, 2, 255]);
  expect((await data.batch([2])).at(-2)).toBe(255); // green of pixel 1023
  expect(data.labels?.label).toEqual({ values: names, indices: Uint16Array.of(3, 0, 9) });
});

test('one file of it stands alone, with digits for words', async () => {
  const data = await openDataset(write('alone/data_batch_4.bin', file([7, 1, 2, 8])), {
    limit: 2,
    channels: 1,
  });
  expect(data).toMatchObject({ count: 2, channels: 1 });
  expect(data.labels?.label?.values).toEqual([...'0123456789']);
  expect([...(data.labels?.label?.indices ?? [])]).toEqual([7, 2]);
  expect((await data.batch([0]))[0]).toBe(Math.round(0.299 * 7 + 0.114 * 255));
});

test.each<[string, Uint8Array, object, RegExp]>([
  ['cut short', file([1, 2]).subarray(0, 5000), {}, /has 5000 bytes, expected a multiple of 3073/],
  ['empty', Uint8Array.of(), {}, /has 0 bytes, expected a multiple of 3073/],
  ['of more classes', file([1, 77]), {}, /image 1 has label 77, expected 0 to 9/],
  [
    'of another size',
    file([1]),
    { size: { height: 16, width: 16 } },
    /has images of 32×32, expected 16×16; leave out --size/,
  ],
])('a file that is %s is an error', async (name, bytes, options, message) => {
  const path = write(`${name}/data_batch_1.bin`, bytes);
  await expect(openDataset(dirname(path), options)).rejects.toThrow(message);
});
