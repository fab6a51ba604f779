import { symlinkSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { createRandom } from '@glow-onnx/flow/random';
import sharp from 'sharp';
import { nodeCodec } from '../../../../packages/runtime/src/node/images.js';
import { readHeader } from '../../../../packages/runtime/src/pictures/header.js';
import { withChannels } from '../../../../packages/runtime/src/pictures/images.js';
import { defaultImageLimits } from '../../../../packages/runtime/src/pictures/limits.js';
import { loadImage } from '../../../../packages/runtime/src/pictures/load-image.js';
import { openDataset } from '../../../../packages/trainer/src/data/open-dataset.js';
import { jpegCases, pictureCases, refusedPictures, worstDifference } from '../../../support/picture-cases.js';
import { picture, plain, png, temporaryFolder } from './files.js';

const { root, write } = temporaryFolder();
const codec = nodeCodec(defaultImageLimits);
const all = (count: number) => Array.from({ length: count }, (_, i) => i);

/** JPEG at quality 95 moves a plain colour by rounding in YCbCr, by two levels at most. */
const jpegTolerance = 2;

test('pictures of nested folders come in the order of their paths, whatever their format', async () => {
  write(
    'nested/z.webp',
    await picture(2, 2, plain(2, 2, [3, 30, 130]))
      .webp({ lossless: true })
      .toBuffer(),
  );
  write(
    'nested/b/1.JPG',
    await picture(2, 2, plain(2, 2, [90, 90, 250]))
      .jpeg({ quality: 95 })
      .toBuffer(),
  );
  write('nested/a.png', await png(2, 2, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
  write('nested/.hidden.png', 'no picture');
  write('nested/notes.txt', 'no picture');
  const data = await openDataset(`${root}/nested/`);
  expect(data).toMatchObject({ name: 'nested', count: 3, channels: 3, height: 2, width: 2, skipped: [] });
  expect([...(await data.batch([0]))]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect([...(await data.batch([2, 0])).subarray(0, 3)]).toEqual([3, 30, 130]);
  for (const [i, expected] of [90, 90, 250].entries()) {
    expect(Math.abs(((await data.batch([1]))[i] as number) - expected)).toBeLessThanOrEqual(jpegTolerance);
  }
});

test('names with numbers come in the order of people, links are followed, and what was left out is named', async () => {
  for (const [i, name] of ['img2', 'img10', 'img1'].entries())
    write(`links/pool/${name}.png`, await png(1, 1, [i]));
  write('links/data/b.png', await png(1, 1, [7]));
  write('links/data/.ipynb_checkpoints/b-checkpoint.png', await png(1, 1, [8]));
  write('links/data/photo.HEIC', 'no picture');
  write(
    'links/data/metadata.csv',
    'file_name,mood\nb.png,glad\na/img1.png,sad\na/img2.png,sad\na/img10.png,sad\n',
  );
  symlinkSync(`${root}/links/pool`, `${root}/links/data/a`);
  symlinkSync('..', `${root}/links/data/up`);
  const data = await openDataset(`${root}/links/data`);
  expect([...(await data.batch(all(4)))]).toEqual([2, 0, 1, 7]);
  expect(data.leftOut).toEqual([
    { file: '.ipynb_checkpoints', reason: 'hidden' },
    { file: 'photo.HEIC', reason: '.heic' },
    { file: 'up', reason: 'linked to a folder that contains it' },
  ]);
  expect(data.roots).toEqual([`${root}/links/data`, `${root}/links/pool`]);
  expect(data.labels?.mood?.values).toEqual(['glad', 'sad']);
});

test('a fingerprint is that of the pixels, whatever the folder and its files are called', async () => {
  for (const [folder, names] of Object.entries({
    first: ['a', 'b'],
    moved: ['1', '20'],
    turned: ['b', 'a'],
  })) {
    write(`print/${folder}/${names[0]}.png`, await png(1, 1, [5]));
    write(`print/${folder}/${names[1]}.png`, await png(1, 1, [6]));
  }
  const fingerprint = async (folder: string, options = {}) => {
    const data = await openDataset(`${root}/print/${folder}`, options);
    await data.close();
    return data.fingerprint;
  };
  const first = await fingerprint('first');
  expect(await fingerprint('moved')).toBe(first);
  expect(await fingerprint('turned')).not.toBe(first);
  // A resumed run asks for the channels that the first found, and may keep its pixels elsewhere.
  expect(await fingerprint('first', { channels: 1 })).toBe(first);
  expect(await fingerprint('first', { maxBytes: 1 })).toBe(first);
  write('print/first/b.png', await png(1, 1, [7]));
  expect(await fingerprint('first')).not.toBe(first);
});

test('alpha is composited over white', async () => {
  write('alpha/a.png', await png(1, 3, [0, 0, 0, 128, 200, 0, 0, 255, 10, 20, 30, 0]));
  const data = await openDataset(`${root}/alpha`);
  expect([...(await data.batch([0]))]).toEqual([127, 127, 127, 200, 0, 0, 255, 255, 255]);
});

test('pictures that all are grey have one channel', async () => {
  write('grey/a.png', await png(1, 2, [7, 250]));
  write('grey/b.png', await png(1, 2, [0, 90]));
  const data = await openDataset(`${root}/grey`);
  expect(data.channels).toBe(1);
  expect([...(await data.batch([0, 1]))]).toEqual([7, 250, 0, 90]);
});

test('grey among colour is repeated, and colour becomes luma where one channel is asked for', async () => {
  write('mixed/a.png', await png(1, 1, [7]));
  write('mixed/b.png', await png(1, 1, [255, 0, 0]));
  write('mixed/c.png', await png(1, 1, [8]));
  const colour = await openDataset(`${root}/mixed`);
  expect([...(await colour.batch([0, 1, 2]))]).toEqual([7, 7, 7, 255, 0, 0, 8, 8, 8]);
  const grey = await openDataset(`${root}/mixed`, { channels: 1 });
  expect([...(await grey.batch([0, 1, 2]))]).toEqual([7, 76, 8]); // 0.299 · 255 = 76.2
});

test('sixteen bits per channel become eight', async () => {
  const deep = sharp(Uint16Array.from([0, 0x8080, 0xffff]), { raw: { height: 1, width: 3, channels: 1 } });
  write('deep/a.png', await deep.toColourspace('grey16').png().toBuffer());
  expect((await sharp(`${root}/deep/a.png`).metadata()).depth).toBe('ushort');
  const data = await openDataset(`${root}/deep`);
  expect([...(await data.batch([0]))]).toEqual([0, 128, 255]);
});

test('a picture is turned as its EXIF orientation says', async () => {
  // Orientation 6: the stored first column is the top row, read from the right.
  const stored = picture(2, 3, [1, 2, 3, 4, 5, 6]).webp({ lossless: true }).withMetadata({ orientation: 6 });
  write('turned/a.webp', await stored.toBuffer());
  const data = await openDataset(`${root}/turned`, { channels: 1 });
  expect(data).toMatchObject({ height: 3, width: 2 });
  expect([...(await data.batch([0]))]).toEqual([4, 1, 5, 2, 6, 3]);
});

test('a wide picture is cropped about its centre', async () => {
  write('wide/a.png', await png(2, 6, [9, 9, 1, 2, 9, 9, 9, 9, 3, 4, 9, 9]));
  const data = await openDataset(`${root}/wide`, { size: { height: 2, width: 2 } });
  expect([...(await data.batch([0]))]).toEqual([1, 2, 3, 4]);
});

test('a tall picture is cropped, not squeezed, when it is resized', async () => {
  const rows = [...plain(5, 10, [0]), ...plain(10, 10, [100]), ...plain(5, 10, [0])];
  write('tall/a.png', await png(20, 10, rows));
  const data = await openDataset(`${root}/tall`, { size: { height: 2, width: 2 } });
  // Squeezed it would be 50; Lanczos leaves up to a tenth of the step to the black beside.
  for (const pixel of await data.batch([0])) expect(Math.abs(pixel - 100)).toBeLessThanOrEqual(10);
});

test('shrinking a fine chequerboard gives its mean', async () => {
  const board = Array.from({ length: 64 * 64 }, (_, i) => ((i + Math.floor(i / 64)) % 2) * 255);
  write('board/a.png', await png(64, 64, board));
  const data = await openDataset(`${root}/board`, { size: { height: 8, width: 8 } });
  // Lanczos sees past the edge, where the board is continued by its last row: two levels off there.
  for (const pixel of await data.batch([0])) expect(Math.abs(pixel - 127.5)).toBeLessThanOrEqual(2.5);
});

test('corrupt pictures are left out and named', async () => {
  const noise = Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256);
  const whole = await picture(64, 64, noise).jpeg().toBuffer();
  for (const name of ['a', 'c', 'd']) write(`corrupt/${name}.jpg`, whole);
  write('corrupt/b.jpg', whole.subarray(0, whole.length / 2));
  write('corrupt/empty.png', '');
  const data = await openDataset(`${root}/corrupt`);
  expect(data.count).toBe(3);
  expect(await data.batch(all(3))).toHaveLength(3 * 64 * 64 * 3);
  expect(data.skipped).toEqual([
    { file: 'b.jpg', reason: 'the JPEG ends without its end marker' },
    { file: 'empty.png', reason: expect.any(String) },
  ]);
});

test('another format under a picture’s name is left out', async () => {
  write('gif/a.png', await png(1, 1, [1, 2, 3]));
  write('gif/b.png', await picture(1, 1, [1, 2, 3]).gif().toBuffer());
  const data = await openDataset(`${root}/gif`);
  expect(data.skipped).toEqual([
    { file: 'b.png', reason: expect.stringContaining('expected a PNG, JPEG or WebP, got a GIF') },
  ]);
});

test('a small file that unpacks to too many pixels is left out', async () => {
  const bomb = await png(1, 1, [1, 2, 3]);
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
  write('bomb/a.png', await png(1, 1, [1, 2, 3]));
  write('bomb/b.png', bomb);
  const data = await openDataset(`${root}/bomb`);
  expect(data.skipped).toEqual([
    { file: 'b.png', reason: expect.stringContaining('the header claims 60000×60000 pixels') },
  ]);
});

test('too many corrupt pictures are an error that names the first', async () => {
  for (let i = 0; i < 11; i++) write(`ruined/bad${i}.png`, 'no picture');
  for (let i = 0; i < 20; i++) write(`ruined/good${i}.png`, await png(1, 1, [i]));
  await expect(openDataset(`${root}/ruined`)).rejects.toThrow(
    /11 of 31 images in .*ruined cannot be read, expected at most 10.*\n {2}bad0\.png: /,
  );
  write('all-ruined/a.png', 'no picture');
  await expect(openDataset(`${root}/all-ruined`)).rejects.toThrow(
    /1 of 1 images in .*all-ruined cannot be read/,
  );
});

test('sizes that differ are an error unless one is asked for', async () => {
  write('sizes/a.png', await png(4, 6, plain(4, 6, [1])));
  write('sizes/b.png', await png(4, 5, plain(4, 5, [1])));
  await expect(openDataset(`${root}/sizes`)).rejects.toThrow(
    /sizes\/b\.png is 4×5, expected 4×6 .*for example --size 8x8$/,
  );
  write('photos/a.png', await png(70, 90, plain(70, 90, [1])));
  write('photos/b.png', await png(90, 70, plain(90, 70, [1])));
  await expect(openDataset(`${root}/photos`)).rejects.toThrow(/for example --size 32x32$/);
  const data = await openDataset(`${root}/sizes`, { size: { height: 2, width: 2 } });
  expect([...(await data.batch([0, 1]))]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
});

test('a limit takes pictures evenly spread over the folder', async () => {
  for (let i = 0; i < 10; i++) write(`many/${i}.png`, await png(1, 1, [i]));
  const data = await openDataset(`${root}/many`, { limit: 4 });
  expect([...(await data.batch(all(4)))]).toEqual([0, 2, 5, 7]);
  expect((await openDataset(`${root}/many`, { limit: 99 })).count).toBe(10);
  await expect(openDataset(`${root}/many`, { limit: 0 })).rejects.toThrow(
    /limit must be a positive integer, got 0/,
  );
});

test('reading reports its progress up to the last picture', async () => {
  for (let i = 0; i < 40; i++) write(`slow/${i}.png`, await png(1, 1, [i]));
  const seen: string[] = [];
  await openDataset(`${root}/slow`, { onProgress: (done, total) => seen.push(`${done}/${total}`) });
  expect(seen).toEqual(['8/40', '16/40', '24/40', '32/40', '40/40']);
});

test('large pictures are decoded one after another, however small their files are', async () => {
  const flat = sharp({ create: { width: 6000, height: 6000, channels: 3, background: 'black' } });
  const large = await flat.toColourspace('b-w').png({ palette: true }).toBuffer();
  const data = large.indexOf('IDAT') + 4;
  large[data] = 0; // broken pixels, so that the test is fast
  for (const name of ['a', 'b']) write(`large/${name}.png`, large);
  for (const name of ['c', 'd', 'e']) write(`large/${name}.png`, await png(1, 1, [7]));
  const done: number[] = [];
  const size = { height: 8, width: 8 };
  const { count } = await openDataset(`${root}/large`, { size, onProgress: (read) => done.push(read) });
  expect(count).toBe(3);
  expect(done).toEqual([1, 5]); // two of 36 megapixels are too many at a time
});

test('what is not there, empty or impossible is an error that says what to do', async () => {
  await expect(openDataset(`${root}/nowhere`)).rejects.toThrow(/nowhere cannot be opened; pass a folder/);
  write('empty/readme.txt', 'no picture');
  await expect(openDataset(`${root}/empty`)).rejects.toThrow(
    /^data: .*empty has no images: expected .*; left out: 1 \.txt \(readme\.txt\); pass another/,
  );
  await expect(openDataset(root, { size: { height: 8.5, width: 8 } })).rejects.toThrow(
    /size must have integers .*, got 8\.5×8/,
  );
});

test('an index outside the dataset is an error', async () => {
  write('one/a.png', await png(1, 1, [1]));
  const data = await openDataset(`${root}/one`);
  for (const index of [1, -1, 0.5]) {
    await expect(data.batch([index])).rejects.toThrow(`an index of one must be from 0 to 0, got ${index}`);
  }
});

test('every picture is what the runtime makes of it', async () => {
  for (const [i, { name, bytes }] of [...(await pictureCases()), ...(await jpegCases())].entries()) {
    write(`alike/${i}/a.${readHeader(bytes).format}`, bytes);
    const data = await openDataset(`${root}/alike/${i}`, { channels: 3 });
    const seen = withChannels(await codec.read(bytes), 3, name);
    expect([name, data.height, data.width]).toEqual([name, seen.height, seen.width]);
    expect([name, worstDifference(await data.batch([0]), [...seen.data])]).toEqual([name, 0]);
  }
});

test('what the runtime refuses is left out, for the same reason', async () => {
  const refused = refusedPictures();
  for (const [i, { bytes }] of refused.entries()) write(`refused/${i}.jpg`, bytes);
  for (const { name } of refused) write(`refused/${name}.png`, await png(1, 1, [1]));
  const { count, skipped } = await openDataset(`${root}/refused`, { size: { height: 1, width: 1 } });
  expect(count).toBe(refused.length);
  expect(skipped).toEqual(
    refused.map(({ reason }, i) => ({ file: `${i}.jpg`, reason: expect.stringContaining(reason) })),
  );
});

test.each(['png', 'jpeg', 'webp'] as const)(
  'a large %s is resized as by fit: "cover", to the pixel',
  async (format) => {
    const random = createRandom(1);
    const noise = Uint8Array.from({ length: 256 * 192 * 4 }, (_, i) =>
      i % 4 === 3 && format === 'jpeg' ? 255 : 256 * random.uniform(),
    );
    const stored = sharp(noise, { raw: { width: 256, height: 192, channels: 4 } });
    const bytes = await stored.toFormat(format, format === 'webp' ? { lossless: true } : {}).toBuffer();
    write(`large-${format}/a.${format}`, bytes);
    for (const channels of [1, 3] as const) {
      const config = { channels, levels: 1, height: 16, width: 24 };
      const data = await openDataset(`${root}/large-${format}`, { size: config, channels });
      const { image: seen } = await loadImage(config, codec, bytes, { fit: 'cover' }, 'test');
      expect(worstDifference(await data.batch([0]), [...seen.data])).toBe(0);
    }
  },
);
