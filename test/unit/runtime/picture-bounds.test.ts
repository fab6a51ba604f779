import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { inflate } from '../../../packages/runtime/src/node/inflate.js';
import { readHeader } from '../../../packages/runtime/src/pictures/header.js';
import { readCoefficients } from '../../../packages/runtime/src/pictures/jpeg/decode-jpeg.js';
import { checkPixels, defaultImageLimits } from '../../../packages/runtime/src/pictures/limits.js';
import { decodePng } from '../../../packages/runtime/src/pictures/png-decode.js';
import { pngOf } from '../../support/picture-cases.js';

const grey = {
  width: 3,
  height: 2,
  depth: 8,
  colourType: 0,
  rows: [
    [1, 2, 3],
    [4, 5, 6],
  ],
};
const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'rgb(90, 120, 30)' } });

const decode = (png: Uint8Array) => decodePng(png, inflate);

/** Everything that is checked before a decoder is called. */
function accept(bytes: Uint8Array) {
  const header = readHeader(bytes);
  checkPixels(header, defaultImageLimits);
  return header;
}

/** Bytes of a JPEG, from the marker of its frame on. */
const frameAt = (jpeg: Uint8Array) => Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xc0]));

describe('a flat image, the smallest file of its size, passes', () => {
  test.each([
    ['PNG', () => flat(900, 600).png({ compressionLevel: 9, palette: true }).toBuffer()],
    ['interlaced PNG', () => flat(300, 200).png({ compressionLevel: 9, progressive: true }).toBuffer()],
    ['JPEG', () => flat(900, 600).jpeg({ quality: 1, optimiseCoding: true }).toBuffer()],
    ['progressive JPEG', () => flat(900, 600).jpeg({ quality: 1, progressive: true }).toBuffer()],
    ['grey JPEG', () => flat(900, 600).toColourspace('b-w').jpeg({ quality: 1 }).toBuffer()],
    ['lossy WebP', () => flat(900, 600).webp({ quality: 1 }).toBuffer()],
    ['lossless WebP', () => flat(900, 600).webp({ lossless: true }).toBuffer()],
  ])('as %s', async (_, encode) => {
    const bytes = await encode();
    const { width, height } = await sharp(bytes).metadata();
    expect(accept(bytes)).toMatchObject({ width, height });
  });
});

describe('a file whose header claims more than its bytes can hold', () => {
  test('is refused as a JPEG of 150 bytes', () => {
    const bomb = readFileSync(join(__dirname, '../../support/pictures/bomb150.jpg'));
    expect(() => readHeader(bomb)).toThrow(
      'the header claims 8184×8192 pixels, which take at least 392832 bytes; the file has 0',
    );
  });

  test('is refused as a JPEG at the very size that its bits cannot code, and no smaller one', async () => {
    const jpeg = await flat(64, 64).toColourspace('b-w').jpeg().toBuffer();
    const coded = jpeg.length - 2 - (jpeg.indexOf(Buffer.from([0xff, 0xda])) + 10);
    const claim = (blocks: number) => {
      const copy = Uint8Array.from(jpeg);
      new DataView(copy.buffer).setUint16(frameAt(jpeg) + 5, 8 * blocks); // height
      new DataView(copy.buffer).setUint16(frameAt(jpeg) + 7, 8); // width
      return copy;
    };
    expect(readHeader(claim(8 * coded))).toMatchObject({ width: 8, height: 64 * coded });
    expect(() => readHeader(claim(8 * coded + 1))).toThrow(
      `at least ${coded + 1} bytes; the file has ${coded}`,
    );
  });

  test('is refused as a PNG', () => {
    const png = pngOf({ ...grey, width: 8000, height: 8000 });
    expect(() => readHeader(png)).toThrow(
      'the header claims 8000×8000 pixels, which take at least 62024 bytes',
    );
  });

  test('is refused as a WebP whose canvas or frame differs from its image', async () => {
    const animated = await sharp(
      [0, 1].map((i) => ({
        create: { width: 20, height: 10, channels: 3, background: i ? 'red' : 'blue' },
      })) as never,
      { join: { animated: true } },
    )
      .webp()
      .toBuffer();
    expect(accept(animated)).toMatchObject({ width: 20, height: 10 });
    const still = await flat(20, 10).withMetadata({ orientation: 1 }).webp().toBuffer();
    for (const webp of [animated, still]) {
      expect(webp.toString('latin1', 12, 16)).toBe('VP8X');
      const wide = Uint8Array.from(webp);
      wide[24] = 18; // canvas width − 1
      expect(() => readHeader(wide)).toThrow(/lies outside its canvas|expected 10×19/);
    }
  });
});

describe('bounds', () => {
  test('on sides hold, however few pixels there are', () => {
    const tall = pngOf({
      width: 1,
      height: 65_536,
      depth: 1,
      colourType: 0,
      rows: new Array(65_536).fill([0]),
    });
    expect(() => accept(tall)).toThrow(
      '65536×1 pixels, a side of more than 65535; cut it into several images',
    );
    const just = pngOf({
      width: 1,
      height: 65_535,
      depth: 1,
      colourType: 0,
      rows: new Array(65_535).fill([0]),
    });
    expect(accept(just)).toMatchObject({ height: 65_535 });
  });

  test('on the chunks of a PNG, the segments and the scans of a JPEG hold', async () => {
    const many = pngOf({
      ...grey,
      pixels: (data) => [['IDAT', data], ...new Array(70_000).fill(['IDAT', new Uint8Array(0)])],
    });
    expect(() => readHeader(many)).toThrow('more than 65536 chunks');
    const jpeg = await flat(16, 16).jpeg().toBuffer();
    const comments = new Array(70_000).fill(Buffer.from([0xff, 0xfe, 0, 2]));
    expect(() => readHeader(Buffer.concat([jpeg.subarray(0, 2), ...comments, jpeg.subarray(2)]))).toThrow(
      'more than 65536 segments',
    );
    // A grey progressive JPEG whose scans bring one coefficient each, and as many of its bits as it takes.
    const progressive = Uint8Array.from(await flat(16, 16).toColourspace('b-w').jpeg().toBuffer());
    progressive[frameAt(progressive) + 1] = 0xc2;
    const scanAt = Buffer.from(progressive).indexOf(Buffer.from([0xff, 0xda]));
    const scan = (k: number, bits: number) =>
      Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, k, k, bits, 1, 2, 3, 4]);
    const scans = (count: number) => {
      const mean = count === 64 ? [scan(0, 0)] : [scan(0, 1), scan(0, 0x10)];
      const others = Array.from({ length: 63 }, (_, i) => scan(i + 1, 0));
      return Buffer.concat([progressive.subarray(0, scanAt), ...mean, ...others, progressive.subarray(-2)]);
    };
    expect(readHeader(scans(64))).toMatchObject({ width: 16 });
    expect(() => readHeader(scans(65))).toThrow('more than 64 scans');
  });
});

describe('a JPEG', () => {
  const marker = (jpeg: Buffer, at: number, value: number) =>
    Object.assign(Buffer.from(jpeg), { [at]: value });

  test.each([
    ['arithmetic coding', 1, 0xc9, 'got frame type 9 of 8 bits'],
    ['lossless coding', 1, 0xc3, 'got frame type 3 of 8 bits'],
    ['12 bits', 4, 12, 'got frame type 0 of 12 bits'],
    ['two components', 9, 2, 'got 2 components'],
    ['CMYK', 9, 4, 'got CMYK'],
    ['sampling factors that no decoder spreads', 14, 0x33, 'sampling factors'],
    ['no sampling', 11, 0x00, 'sampling factors'],
    ['a component without a scan', 10, 77, 'a scan that does not fit its frame'],
    ['a marker that no JPEG has', 1, 0x44, 'a broken segment, marker 68, at byte'],
  ])('of %s is refused', async (_, offset, value, message) => {
    const jpeg = await flat(16, 16).jpeg().toBuffer();
    expect(() => readHeader(marker(jpeg, frameAt(jpeg) + offset, value))).toThrow(message);
  });

  test.each([
    ['a Huffman table of no kind', 0xc4, 0x2a, 'Huffman table of an unknown kind'],
    ['a Huffman table too many', 0xc4, 0x14, 'a number over 3'],
    ['a quantisation table too many', 0xdb, 0x04, 'quantisation table with a number over 3'],
  ])('with %s is refused', async (_, type, value, message) => {
    const jpeg = await flat(16, 16).jpeg().toBuffer();
    const at = jpeg.indexOf(Buffer.from([0xff, type]));
    expect(() => readCoefficients(marker(jpeg, at + 4, value))).toThrow(message);
  });

  test.each([-3, -6, -12])('with a frame that is %d bytes too short is refused', async (bytes) => {
    const jpeg = await flat(16, 16).jpeg().toBuffer();
    const at = frameAt(jpeg) + 3;
    const short = marker(jpeg, at, (jpeg[at] as number) + bytes);
    expect(() => readHeader(short)).toThrow('a frame of a wrong length');
  });

  test('may have bytes between its segments and after its end, but none may be missing', async () => {
    const jpeg = await flat(16, 16).jpeg().toBuffer();
    const at = frameAt(jpeg);
    const padded = [
      jpeg.subarray(0, at),
      Buffer.from([0, 0, 0, 255, 255]),
      jpeg.subarray(at),
      Buffer.from('trailer'),
    ];
    expect(readHeader(Buffer.concat(padded))).toMatchObject({ width: 16, height: 16 });
    for (const length of [jpeg.length - 1, jpeg.length - 2, at + 3]) {
      expect(() => readHeader(jpeg.subarray(0, length))).toThrow(/end marker|broken or incomplete/);
    }
  });
});

describe('a PNG', () => {
  const cut = (data: Uint8Array, at: number) => [data.subarray(0, at), data.subarray(at)] as const;
  const chunk = (type: string, ...bytes: number[]) => [type, Uint8Array.from(bytes)] as const;

  test.each([
    [
      'in many and in empty parts',
      {
        pixels: (data: Uint8Array) => [
          chunk('IDAT'),
          ...[...data].map((byte) => chunk('IDAT', byte)),
          chunk('IDAT'),
        ],
      },
    ],
    [
      'with unknown chunks that can be left out',
      {
        chunks: [chunk('abCd', 1)],
        pixels: (data: Uint8Array) => [['IDAT', data] as const, chunk('tEXt', 65)],
      },
    ],
    [
      'with a palette that it does not need',
      {
        colourType: 2,
        rows: [
          [1, 2, 3, 1, 2, 3, 1, 2, 3],
          [0, 0, 0, 0, 0, 0, 0, 0, 0],
        ],
        chunks: [chunk('PLTE', 1, 2, 3)],
      },
    ],
  ])('%s is read', async (_, parts) => {
    const plain = pngOf({ ...grey, ...parts, chunks: [], pixels: (data) => [['IDAT', data]] });
    expect(await decode(pngOf({ ...grey, ...parts }))).toEqual(await decode(plain));
  });

  test('may have bytes after its end', async () => {
    const png = pngOf(grey);
    expect(await decode(Buffer.concat([png, Buffer.from('PK')]))).toEqual(await decode(png));
  });

  test('has a transparent colour of as many bits as its samples', async () => {
    const { data } = await decode(pngOf({ ...grey, chunks: [chunk('tRNS', 0xab, 2)] }));
    expect([...data]).toEqual([1, 255, 2, 0, 3, 255, 4, 255, 5, 255, 6, 255]);
  });

  test.each([
    [
      'pixels in two places',
      {
        pixels: (data: Uint8Array) => {
          const [a, b] = cut(data, 5);
          return [['IDAT', a], chunk('tEXt'), ['IDAT', b]] as const;
        },
      },
      'a IDAT chunk at a place',
    ],
    [
      'its transparent colour after the pixels',
      { pixels: (data: Uint8Array) => [['IDAT', data], chunk('tRNS', 0, 1)] as const },
      'a tRNS chunk at a place',
    ],
    [
      'two transparent colours',
      { chunks: [chunk('tRNS', 0, 1), chunk('tRNS', 0, 2)] },
      'a tRNS chunk at a place',
    ],
    ['a second header', { chunks: [chunk('IHDR')] }, 'a IHDR chunk at a place'],
    [
      'a chunk that it needs and nobody knows',
      { chunks: [chunk('CgBI', 1)] },
      'needs its CgBI chunk, which is unknown',
    ],
    [
      'a transparent colour of another kind',
      { chunks: [chunk('tRNS', 0, 1, 0, 2, 0, 3)] },
      'a tRNS chunk of 6 bytes',
    ],
    ['a palette of no entries', { chunks: [chunk('PLTE')] }, 'a palette of 0 bytes'],
    [
      'more alpha values than colours',
      { colourType: 3, chunks: [chunk('PLTE', 1, 2, 3), chunk('tRNS', 1, 2)] },
      '2 alpha values for a palette of 1 entries',
    ],
    [
      'bytes behind its compressed pixels',
      { pixels: (data: Uint8Array) => [['IDAT', Buffer.concat([data, Buffer.from('more')])]] as const },
      /compressed pixels of the PNG/,
    ],
    [
      'a wrong checksum of its pixels',
      { pixels: (data: Uint8Array) => [['IDAT', data.with(-1, 1)]] as const },
      /compressed pixels of the PNG/,
    ],
    [
      'compressed pixels that are cut short',
      { pixels: (data: Uint8Array) => [['IDAT', data.subarray(0, -3)]] as const },
      'compressed pixels of the PNG are broken',
    ],
    ['no pixels', { pixels: () => [] }, 'which take at least 1 bytes; the file has 0'],
    [
      'a filter that does not exist',
      { pixels: () => [['IDAT', deflateSync(Uint8Array.of(5, 1, 2, 3, 0, 4, 5, 6))]] as const },
      'a row with filter 5, expected 0 to 4',
    ],
  ])('with %s is refused', async (_, parts, message) => {
    const png = pngOf({ ...grey, ...parts });
    await expect(
      (async () => {
        readHeader(png);
        return decode(png);
      })(),
    ).rejects.toThrow(message);
  });

  test('with any bit changed is refused', async () => {
    const png = pngOf(grey);
    for (let bit = 0; bit < 8 * png.length; bit++) {
      const changed = Uint8Array.from(png);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      await expect(
        (async () => {
          readHeader(changed);
          return decode(changed);
        })(),
      ).rejects.toThrow();
    }
  });
});
