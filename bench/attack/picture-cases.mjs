// Seeded image files, right and damaged, for everything that reads images.
import { deflateSync, inflateSync } from 'node:zlib';
import sharp from 'sharp';
import { bombCase } from './bomb-cases.mjs';
import { assemblePng, change, find, insertAt, segment } from './parts.mjs';
import { randomPng } from './png-cases.mjs';
import { createRandom } from './random.mjs';

/**
 * Image file number `index` of a seed: { name, format, bytes, image? }. `image` ({ width, height, rgba }) is what a
 * reader has to give if it accepts the file; without it the file is damaged, and all readers only have to agree.
 */
export async function pictureCase(seed, index) {
  const random = createRandom(seed * 1_000_003 + index);
  if (random.chance(0.02)) return bombCase(random);
  const make = random.pick([pngCase, pngCase, jpegCase, jpegCase, webpCase]);
  return make(random);
}

function pngCase(random) {
  const png = randomPng(random);
  const known = { name: png.name, format: 'png' };
  if (random.chance(0.3)) return { ...known, bytes: assemblePng(png.chunks, png.end), image: png.image };
  if (random.chance(0.4))
    return { ...known, ...damageBytes(random, assemblePng(png.chunks, png.end), known.name) };
  const [name, damage] = random.pick(Object.entries(pngDamages));
  const keeps = damage(random, png) === true;
  return {
    ...known,
    name: `${known.name}, ${name}`,
    bytes: assemblePng(png.chunks, png.end),
    ...(keeps && { image: png.image }),
  };
}

const dataOf = ({ chunks }) =>
  Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));

function withData(png, data) {
  const first = png.chunks.findIndex(({ type }) => type === 'IDAT');
  png.chunks = png.chunks.filter(({ type }) => type !== 'IDAT');
  png.chunks.splice(first, 0, { type: 'IDAT', data });
}

function insert(random, png, chunk, from = 1) {
  png.chunks.splice(random.between(from, png.chunks.length - 1), 0, chunk);
}

/** What is done to a PNG. One that returns true leaves the pixels as they were for a reader that accepts the file. */
const pngDamages = {
  'a wrong CRC': (random, { chunks }) => {
    random.pick(chunks).crc = 1 + random.below(2 ** 31);
  },
  'no IEND': (_, png) => {
    png.chunks.pop();
    return true;
  },
  'bytes after IEND': (random, png) => {
    png.end = random.bytes(random.between(1, 99));
    return true;
  },
  'a chunk twice': (random, png) => insert(random, png, random.pick(png.chunks)),
  'chunks in another order': (random, { chunks }) => {
    const [a, b] = [random.between(1, chunks.length - 1), random.between(1, chunks.length - 1)];
    [chunks[a], chunks[b]] = [chunks[b], chunks[a]];
  },
  'a chunk left out': (random, { chunks }) => {
    chunks.splice(random.below(chunks.length), 1);
  },
  'an unknown critical chunk': (random, png) => insert(random, png, { type: 'ABCD', data: random.bytes(3) }),
  'a transparent colour': (random, png) =>
    insert(random, png, { type: 'tRNS', data: random.bytes(random.pick([0, 1, 2, 6, 256, 300])) }),
  'a palette': (random, png) =>
    insert(random, png, { type: 'PLTE', data: random.bytes(random.pick([0, 1, 3, 12, 768, 771])) }),
  'bytes behind the zlib data': (random, png) =>
    withData(png, Buffer.concat([dataOf(png), random.bytes(random.between(1, 9))])),
  'two zlib streams': (_, png) => withData(png, Buffer.concat([dataOf(png), dataOf(png)])),
  'zlib data cut short': (random, png) => withData(png, dataOf(png).subarray(0, -random.between(1, 6))),
  'a wrong Adler-32': (random, png) => {
    const data = Buffer.from(dataOf(png));
    data[data.length - random.between(1, 4)] ^= 1 + random.below(255);
    withData(png, data);
  },
  'too many pixels': (random, png) =>
    withData(
      png,
      deflateSync(Buffer.concat([inflateSync(dataOf(png)), random.bytes(random.pick([1, 99, 2000]))])),
    ),
  'too few pixels': (random, png) =>
    withData(png, deflateSync(inflateSync(dataOf(png)).subarray(0, -random.between(1, 9)))),
  'another header': (random, { chunks }) => {
    chunks[0].data[random.below(13)] = random.below(256);
  },
  'a huge size': (random, { chunks }) =>
    chunks[0].data.writeUInt32BE(random.below(2 ** 31), random.pick([0, 4])) && false,
  'other pixels behind right checksums': (random, png) => {
    const data = Buffer.from(dataOf(png));
    data[random.below(data.length)] = random.below(256);
    withData(png, data);
  },
  'other filters': (random, png) => {
    const rows = inflateSync(dataOf(png));
    rows[random.below(rows.length)] = random.below(256);
    withData(png, deflateSync(rows));
  },
  'EXIF data': (random, png) => insert(random, png, { type: 'eXIf', data: exif(random) }),
  'a million pixels of zeros': (_, png) => withData(png, deflateSync(Buffer.alloc(3_000_000))),
};

/** EXIF data that say an orientation, in one of the ways in which programs write it. */
function exif(random) {
  const little = random.chance(0.5);
  const bytes = Buffer.alloc(26);
  const u16 = (value, at) => (little ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at));
  const u32 = (value, at) => (little ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at));
  bytes.write(little ? 'II' : 'MM', 'latin1');
  u16(42, 2);
  u32(8, 4);
  u16(1, 8);
  u16(0x0112, 10);
  const long = random.chance(0.2);
  u16(long ? 4 : 3, 12);
  u32(1, 14);
  (long ? u32 : u16)(random.between(0, 9), 18);
  return bytes;
}

const randomSize = (random) => [random.between(1, 40), random.between(1, 40)];

/** A smooth picture, with noise on some. */
function randomPixels(random, channels, [width, height] = randomSize(random)) {
  const [a, b, noise] = [random.between(3, 20), random.between(3, 20), random.pick([0, 0, 6, 120])];
  const data = Buffer.alloc(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    const wave = Math.sin((pixel % width) / a + (i % channels)) * Math.cos(Math.floor(pixel / width) / b);
    data[i] = Math.max(0, Math.min(255, 128 + 100 * wave + random.below(noise + 1)));
  }
  return sharp(data, { raw: { width, height, channels } });
}

async function jpegCase(random) {
  const grey = random.chance(0.2);
  const options = {
    quality: random.between(1, 100),
    progressive: random.chance(0.4),
    chromaSubsampling: random.pick(['4:2:0', '4:4:4']),
    optimiseCoding: random.chance(0.5),
  };
  const bytes = await randomPixels(random, grey ? 1 : 3)
    .toColourspace(grey ? 'b-w' : 'srgb')
    .jpeg(options)
    .toBuffer();
  const kind = `${options.progressive ? 'progressive ' : ''}JPEG ${grey ? 'grey' : options.chromaSubsampling}`;
  if (random.chance(0.25)) return { name: kind, format: 'jpeg', bytes };
  if (random.chance(0.5)) return { format: 'jpeg', ...damageBytes(random, bytes, kind) };
  const [name, damage] = random.pick(Object.entries(jpegDamages));
  return { name: `${kind}, ${name}`, format: 'jpeg', bytes: damage(random, bytes) };
}

const jpegDamages = {
  'cut short': (random, bytes) => bytes.subarray(0, random.below(bytes.length)),
  'without its end': (_, bytes) => bytes.subarray(0, -2),
  'bytes behind its end': (random, bytes) => Buffer.concat([bytes, random.bytes(50)]),
  'filler between segments': (random, bytes) =>
    insertAt(
      bytes,
      find(bytes, random.pick([0xdb, 0xc4, 0xda])),
      Buffer.alloc(random.between(1, 5), random.pick([0, 0xff])),
    ),
  'a scan header as of phones': (_, bytes) => {
    const at = find(bytes, 0xda);
    return change(bytes, at + 6 + 2 * bytes[at + 4], 0);
  },
  'EXIF data': (random, bytes) =>
    insertAt(bytes, 2, segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif(random)]))),
  'EXIF data twice': (random, bytes) =>
    insertAt(
      bytes,
      2,
      ...[0, 1].map(() => segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif(random)]))),
    ),
  'an Adobe marker': (random, bytes) =>
    insertAt(
      bytes,
      2,
      segment(0xee, Buffer.from([...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, random.below(3)])),
    ),
  'another size': (random, bytes) =>
    change(bytes, find(bytes, 0xc0, 0xc2) + random.between(5, 8), random.below(256)),
  'another frame': (random, bytes) => change(bytes, find(bytes, 0xc0, 0xc2) + 1, random.between(0xc0, 0xcf)),
  'other sampling': (random, bytes) =>
    change(bytes, find(bytes, 0xc0, 0xc2) + 11, random.pick([0x11, 0x12, 0x21, 0x22, 0x41, 0x44, 0x31, 0])),
  'another frame header': (random, bytes) =>
    change(bytes, find(bytes, 0xc0, 0xc2) + random.between(2, 18), random.below(256)),
  'another scan header': (random, bytes) =>
    change(bytes, find(bytes, 0xda) + random.between(2, 13), random.below(256)),
  'other Huffman codes': (random, bytes) =>
    change(bytes, find(bytes, 0xc4) + random.between(2, 40), random.below(256)),
  'restarts that do not come': (random, bytes) =>
    insertAt(bytes, find(bytes, 0xc4), segment(0xdd, Buffer.from([0, random.between(1, 9)]))),
  'a scan twice': (_, bytes) =>
    Buffer.concat([bytes.subarray(0, -2), bytes.subarray(find(bytes, 0xda), -2), bytes.subarray(-2)]),
  'another coded byte': (random, bytes) => {
    const at = find(bytes, 0xda) + 14;
    return change(bytes, random.between(Math.min(at, bytes.length - 3), bytes.length - 3), random.below(256));
  },
};

async function webpCase(random) {
  const alpha = random.chance(0.4);
  const options = {
    quality: random.between(1, 100),
    lossless: random.chance(0.5),
    exact: random.chance(0.5),
  };
  const animated = random.chance(0.2);
  const pixels = animated
    ? await randomAnimationOf(random, alpha ? 4 : 3)
    : randomPixels(random, alpha ? 4 : 3);
  const turned = random.chance(0.3) ? pixels.withMetadata({ orientation: random.between(1, 8) }) : pixels;
  const bytes = await turned.webp(options).toBuffer();
  const kind = `${animated ? 'animated ' : ''}${options.lossless ? 'lossless' : 'lossy'}`;
  const name = `WebP ${kind}${alpha ? ' with alpha' : ''}`;
  if (random.chance(0.4)) return { name, format: 'webp', bytes };
  return { format: 'webp', ...damageBytes(random, bytes, name) };
}

/** Frames of one size. libwebp stores of each only what changes. */
async function randomAnimationOf(random, channels) {
  const size = randomSize(random);
  const frames = Array.from({ length: random.between(2, 4) }, () =>
    randomPixels(random, channels, size).png().toBuffer(),
  );
  return sharp(await Promise.all(frames), { join: { animated: true } });
}

/** One to four changes anywhere, and now and then a cut. */
function damageBytes(random, original, name) {
  let bytes = Buffer.from(original);
  for (let i = random.between(1, 4); i > 0; i--) {
    const at = random.below(bytes.length);
    if (random.chance(0.7)) bytes[at] = random.below(256);
    else if (random.chance(0.5)) bytes = insertAt(bytes, at, random.bytes(random.between(1, 4)));
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.between(1, 4))]);
    if (bytes.length === 0) bytes = Buffer.from([0]);
  }
  if (random.chance(0.1)) bytes = bytes.subarray(0, random.below(bytes.length));
  return { name: `${name}, damaged bytes`, bytes };
}
