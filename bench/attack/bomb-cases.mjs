// Small files that ask for much work: by their sizes, or by the number of their parts.
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { assemblePng, find, insertAt, segment } from './parts.mjs';

export async function bombCase(random) {
  const [name, make] = random.pick(Object.entries(bombs));
  return { name, format: name.split(' ')[0].toLowerCase(), bytes: await make(random) };
}

/** A black PNG of 1 bit per pixel. `claimed` is the height in its header. */
function blackPng(width, height, claimed = height, split = (data) => [{ type: 'IDAT', data }]) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(claimed, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const data = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))), { level: 9 });
  return assemblePng([
    { type: 'IHDR', data: header },
    ...split(data),
    { type: 'IEND', data: Buffer.alloc(0) },
  ]);
}

const flat = (width, height) =>
  sharp({ create: { width, height, channels: 3, background: 'rgb(90, 120, 30)' } });
const smallJpeg = (progressive) => flat(64, 64).jpeg({ progressive }).toBuffer();

const bombs = {
  'PNG of 67 million pixels': (random) => {
    const width = random.pick([1024, 4096, 8192, 65_535]);
    return blackPng(width, Math.floor(2 ** 26 / width));
  },
  'PNG of one column': (random) => blackPng(1, random.between(60_000, 70_000)),
  'PNG of one column that claims a huge height': (random) => blackPng(1, 1000, random.below(2 ** 31)),
  'PNG that claims a larger size': (random) => blackPng(8192, 100, random.between(101, 8192)),
  'PNG with empty chunks': (random) => {
    const empty = { type: 'IDAT', data: Buffer.alloc(0) };
    return blackPng(9, 9, 9, (data) => [
      { type: 'IDAT', data },
      ...new Array(random.between(1, 200_000)).fill(empty),
    ]);
  },
  'PNG that inflates to 50 MB': () => blackPng(1, 25_000_000, 1),
  'JPEG that claims a larger size': async (random) => {
    const bytes = await smallJpeg(random.chance(0.5));
    const width = random.between(4096, 16_384);
    bytes.writeUInt16BE(
      Math.floor((2 ** 26 / width) * random.pick([0.5, 1, 2])),
      find(bytes, 0xc0, 0xc2) + 5,
    );
    bytes.writeUInt16BE(width, find(bytes, 0xc0, 0xc2) + 7);
    return bytes;
  },
  'JPEG of 16 million pixels': (random) =>
    flat(4096, 4096)
      .jpeg({ progressive: random.chance(0.5) })
      .toBuffer(),
  'JPEG with scans again and again': async (random) => {
    const bytes = await smallJpeg(random.chance(0.7));
    const scans = bytes.subarray(find(bytes, 0xda), -2);
    return insertAt(bytes, bytes.length - 2, ...new Array(random.between(1, 3000)).fill(scans));
  },
  'JPEG with segments again and again': async (random) => {
    const bytes = await smallJpeg(false);
    const at = find(bytes, random.pick([0xdb, 0xc4]));
    const [start, end] = [at, at + 2 + bytes.readUInt16BE(at + 2)];
    const repeated = random.pick([bytes.subarray(start, end), segment(0xfe, Buffer.alloc(0))]);
    return insertAt(bytes, end, ...new Array(random.between(1, 70_000)).fill(repeated));
  },
  'WebP of 16 million pixels': (random) =>
    flat(4096, 4096)
      .webp({ lossless: random.chance(0.5) })
      .toBuffer(),
  'WebP that claims a larger size': async (random) => {
    const bytes = await flat(64, 64)
      .webp({ lossless: random.chance(0.5) })
      .toBuffer();
    if (bytes.toString('latin1', 12, 16) === 'VP8L') bytes.writeUInt32LE(0x0fffffff, 21);
    else bytes.writeUInt32LE(0x3fff3fff, 26);
    return bytes;
  },
};
