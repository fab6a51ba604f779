import { gzipSync } from 'node:zlib';
import { openDataset } from '../../../../packages/trainer/src/data/open-dataset.js';
import { temporaryFolder } from './files.js';

const { write } = temporaryFolder();

/** Magic 0 0 type dimensions, the dimensions as big-endian uint32, the data. */
function idx(dimensions: readonly number[], data: readonly number[], type = 8): Uint8Array {
  const sizes = dimensions.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
  return Uint8Array.from([0, 0, type, dimensions.length, ...sizes, ...data]);
}

const twoImages = idx([2, 2, 3], [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]);

test('images of an IDX file come as they are, packed by gzip or not', async () => {
  for (const path of [
    write('two-images-idx3-ubyte', twoImages),
    write('two-images-idx3-ubyte.gz', gzipSync(twoImages)),
  ]) {
    const data = await openDataset(path);
    expect(data).toMatchObject({ count: 2, channels: 1, height: 2, width: 3, skipped: [] });
    expect([...(await data.batch([1, 0]))]).toEqual([11, 12, 13, 14, 15, 16, 1, 2, 3, 4, 5, 6]);
  }
});

test('a larger size pads with zeros on all sides', async () => {
  const data = await openDataset(write('pad', twoImages), { size: { height: 4, width: 5 } });
  // biome-ignore format: as an image
  expect([...(await data.batch([0]))]).toEqual([
    0, 0, 0, 0, 0,
    0, 1, 2, 3, 0,
    0, 4, 5, 6, 0,
    0, 0, 0, 0, 0,
  ]);
});

test('a limit takes images evenly spread', async () => {
  const path = write('ten', idx([10, 1, 1], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  const data = await openDataset(path, { limit: 3 });
  expect([...(await data.batch([0, 1, 2]))]).toEqual([0, 3, 6]);
});

test.each<[string, Uint8Array, RegExp]>([
  ['empty', Uint8Array.of(), /expected it to begin with the bytes 0 0 8 3, got an empty file/],
  ['foreign', Uint8Array.of(37, 80, 68, 70, 45), /begin with the bytes 0 0 8 3, got 37 80 68 70/],
  ['floats', idx([1, 1, 1], [0, 0, 0, 0], 0x0d), /got 0 0 13 3/],
  ['labels', idx([2], [1, 0]), /holds labels, expected images; pass the file named …-images-idx3-ubyte/],
  ['short', twoImages.subarray(0, 27), /says 2 images of 2×3, expected 28 bytes .* got 27/],
  ['long', Uint8Array.of(...twoImages, 0), /expected 28 bytes .* got 29/],
  ['headless', twoImages.subarray(0, 9), /begin with the bytes/],
  ['none', idx([0, 28, 28], []), /says 0 images of 28×28, expected 16 bytes and at least one pixel/],
  ['huge', idx([0xffffffff, 0xffffffff, 28], [1]), /says 4294967295 images of 4294967295×28/],
  ['cut.gz', gzipSync(twoImages).subarray(0, 30), /cannot be unpacked by gzip/],
])('a file that is %s is an error', async (name, bytes, message) => {
  await expect(openDataset(write(name, bytes))).rejects.toThrow(message);
});

test('images are neither shrunk nor coloured', async () => {
  const path = write('fixed', twoImages);
  await expect(openDataset(path, { size: { height: 4, width: 2 } })).rejects.toThrow(
    /has images of 2×3, expected to fit 4×2; .* padded, not shrunk/,
  );
  await expect(openDataset(path, { channels: 3 })).rejects.toThrow(/has grey images, expected 3 channels/);
});
