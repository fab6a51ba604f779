import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { jpegOf } from './jpeg-of.js';

/** A picture's bytes and what they show: RGB, row by row, alpha over white. */
export interface PictureCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly rgb: readonly number[];
  /** Largest difference: 0 for what is stored exactly. */
  readonly tolerance: number;
}

interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  readonly colourType: number;
  /** Rows as packed bytes. */
  readonly rows: readonly (readonly number[])[];
  /** Bytes of a pixel, to filter rows in turn by all five filters; without it, none is. */
  readonly filterBy?: number;
  /** Chunks before the pixels. */
  readonly chunks?: readonly PngChunk[];
  /** In place of the one chunk of all pixels. */
  readonly pixels?: (compressed: Uint8Array) => readonly PngChunk[];
}

type PngChunk = readonly [type: string, data: Uint8Array];

/** A PNG put together byte by byte, so that it owes nothing to any library that is tested with it. */
export function pngOf({
  width,
  height,
  depth,
  colourType,
  rows,
  filterBy,
  chunks = [],
  pixels = (compressed) => [['IDAT', compressed]],
}: PngParts): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, 0], 8);
  const filtered = rows.flatMap((row, y) => {
    if (filterBy === undefined) return [0, ...row];
    return [y % 5, ...filterRow(y % 5, row, rows[y - 1] ?? [], filterBy)];
  });
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const all = [
    ['IHDR', header],
    ...chunks,
    ...pixels(deflateSync(Buffer.from(filtered))),
    ['IEND', Buffer.alloc(0)],
  ] as const;
  return new Uint8Array(
    Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      ...all.map(([type, data]) => chunk(type, data)),
    ]),
  );
}

/** Source: PNG specification, §9. */
function filterRow(filter: number, row: readonly number[], above: readonly number[], step: number): number[] {
  return row.map((value, i) => {
    const [a, b, c] = [row[i - step] ?? 0, above[i] ?? 0, above[i - step] ?? 0];
    const p = a + b - c;
    const [nearest] = [a, b, c].sort((one, other) => Math.abs(p - one) - Math.abs(p - other)); // stable: a, b, c
    const predicted = [0, a, b, Math.floor((a + b) / 2), nearest as number][filter] as number;
    return (value - predicted) & 255;
  });
}

/** A JPEG with one more segment before everything else. */
function withSegment(jpeg: Uint8Array, marker: number, name: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return new Uint8Array(Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]));
}

/** EXIF data that say nothing but the orientation, as a number of 16 bits (SHORT) or 32 (LONG), big-endian. */
function exif(orientation: number, type: 'SHORT' | 'LONG' = 'SHORT'): Uint8Array {
  const bytes = Buffer.from('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0', 'latin1');
  bytes[13] = type === 'SHORT' ? 3 : 4;
  bytes[type === 'SHORT' ? 19 : 21] = orientation;
  return bytes;
}

const overWhite = (value: number, alpha: number) => Math.round(255 + ((value - 255) * alpha) / 255);
const ramp = (length: number, step: number) => Array.from({ length }, (_, i) => (i * step) % 256);
const rowsOf = (data: readonly number[], stride: number) =>
  Array.from({ length: data.length / stride }, (_, y) => data.slice(y * stride, (y + 1) * stride));

/** 8-bit PNGs of colour types: the numbers as they are. */
function plainCases(): PictureCase[] {
  const grey = ramp(12, 23);
  const rgb = ramp(36, 29);
  const rgba = ramp(48, 37);
  const greyAlpha = ramp(24, 41);
  const palette = [10, 20, 30, 250, 240, 230, 0, 255, 0];
  const size = { width: 4, height: 3, tolerance: 0 };
  const png = (colourType: number, data: number[], channels: number, chunks: PngParts['chunks'] = []) =>
    pngOf({ ...size, depth: 8, colourType, rows: rowsOf(data, 4 * channels), chunks });
  const composited = (data: number[], channels: number) =>
    rowsOf(data, channels).flatMap((pixel) => {
      const alpha = pixel.at(-1) as number;
      const colours = channels === 2 ? [pixel[0], pixel[0], pixel[0]] : pixel.slice(0, 3);
      return colours.map((value) => overWhite(value as number, alpha));
    });
  const indices = [0, 1, 2, 0, 2, 1, 0, 0, 1, 1, 2, 2];
  const opacity = [128, 255]; // the third colour has none given: opaque
  return [
    { ...size, name: 'grey', bytes: png(0, grey, 1), rgb: grey.flatMap((v) => [v, v, v]) },
    { ...size, name: 'RGB', bytes: png(2, rgb, 3), rgb },
    { ...size, name: 'half-transparent RGBA', bytes: png(6, rgba, 4), rgb: composited(rgba, 4) },
    { ...size, name: 'grey and alpha', bytes: png(4, greyAlpha, 2), rgb: composited(greyAlpha, 2) },
    {
      ...size,
      name: 'a palette with transparency',
      bytes: png(3, indices, 1, [
        ['PLTE', Uint8Array.from(palette)],
        ['tRNS', Uint8Array.from(opacity)],
      ]),
      rgb: indices.flatMap((i) =>
        palette.slice(3 * i, 3 * i + 3).map((value) => overWhite(value, opacity[i] ?? 255)),
      ),
    },
    {
      ...size,
      name: 'RGB with one transparent colour',
      bytes: png(2, rgb, 3, [
        ['tRNS', Uint8Array.of(0, rgb[3] as number, 0, rgb[4] as number, 0, rgb[5] as number)],
      ]),
      rgb: rgb.map((value, i) => (i >= 3 && i < 6 ? 255 : value)),
    },
    {
      ...size,
      name: 'RGB that names a gamma of 1',
      bytes: png(2, rgb, 3, [['gAMA', Uint8Array.of(0, 1, 0x86, 0xa0)]]),
      rgb,
    },
  ];
}

/** Other depths: 16 bits give the upper 8, fewer than 8 are spread over 0 … 255. */
function depthCases(): PictureCase[] {
  const values = [0, 0x00ff, 0x0100, 0x7fff, 0x80ff, 0xffff];
  const bytes16 = (list: number[]) => list.flatMap((value) => [value >> 8, value & 255]);
  const three = { height: 1, tolerance: 0 };
  return [
    {
      ...three,
      name: 'grey of 16 bits',
      width: 6,
      bytes: pngOf({ width: 6, height: 1, depth: 16, colourType: 0, rows: [bytes16(values)] }),
      rgb: values.flatMap((v) => [v >> 8, v >> 8, v >> 8]),
    },
    {
      ...three,
      name: 'RGB of 16 bits',
      width: 2,
      bytes: pngOf({ width: 2, height: 1, depth: 16, colourType: 2, rows: [bytes16(values)] }),
      rgb: values.map((v) => v >> 8),
    },
    {
      ...three,
      name: 'RGBA of 16 bits',
      width: 1,
      bytes: pngOf({
        width: 1,
        height: 1,
        depth: 16,
        colourType: 6,
        rows: [bytes16([0x40ff, 0x80ff, 0xc0ff, 0x80ff])],
      }),
      rgb: [0x40, 0x80, 0xc0].map((v) => overWhite(v, 0x80)),
    },
    ...([1, 2, 4] as const).map((depth) => {
      const levels = 2 ** depth;
      const grey = Array.from({ length: 9 }, (_, i) => i % levels);
      const bits = grey.map((value) => value.toString(2).padStart(depth, '0')).join('');
      const row = (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
      return {
        name: `grey of ${depth} bits`,
        width: 9,
        height: 1,
        tolerance: 0,
        bytes: pngOf({ width: 9, height: 1, depth, colourType: 0, rows: [row] }),
        rgb: grey.flatMap((value) => new Array<number>(3).fill((value * 255) / (levels - 1))),
      };
    }),
  ];
}

/** Pictures by sharp's encoders, of known pixels. */
async function encodedCases(): Promise<PictureCase[]> {
  const [width, height] = [13, 11]; // no multiple of 8, so that every pass of Adam7 has a ragged end
  const rgb = ramp(width * height * 3, 7);
  const picture = () => sharp(Uint8Array.from(rgb), { raw: { width, height, channels: 3 } });
  const rgba = Uint8Array.from(ramp(width * height * 4, 11));
  const seen = Array.from({ length: width * height }, (_, i) => [...rgba.subarray(4 * i, 4 * i + 4)]);
  const profile = (await sharp(await picture().withIccProfile('p3').png().toBuffer()).metadata())
    .icc as Uint8Array;
  const iccp = Buffer.concat([Buffer.from('p3\0\0', 'latin1'), deflateSync(profile)]);
  const flat = { width: 16, height: 16, channels: 3, background: 'rgb(200, 60, 20)' } as const;
  const flatJpeg = await sharp({ create: flat })
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .toBuffer();
  const size = { width, height, rgb };
  const webp = await picture().webp({ lossless: true }).toBuffer();
  const few = rgb.map((value) => (value * value) % 5);
  return [
    {
      width,
      height,
      name: 'every filter, on few values, so that predictions tie',
      bytes: pngOf({ width, height, depth: 8, colourType: 2, rows: rowsOf(few, 3 * width), filterBy: 3 }),
      rgb: few,
      tolerance: 0,
    },
    { ...size, name: 'Adam7', bytes: await picture().png({ progressive: true }).toBuffer(), tolerance: 0 },
    {
      ...size,
      name: 'a profile of another colour space',
      bytes: pngOf({
        width,
        height,
        depth: 8,
        colourType: 2,
        rows: rowsOf(rgb, 3 * width),
        chunks: [['iCCP', iccp]],
      }),
      tolerance: 0,
    },
    {
      width: 16,
      height: 16,
      name: 'a JPEG with a profile of another colour space',
      bytes: withSegment(flatJpeg, 0xe2, 'ICC_PROFILE\0\x01\x01', profile),
      rgb: new Array<number[]>(256).fill([200, 60, 20]).flat(),
      tolerance: 2, // YCbCr rounds
    },
    { ...size, name: 'WebP', bytes: webp, tolerance: 0 },
    {
      ...size,
      name: 'a WebP with a profile of another colour space',
      bytes: extendedWebp(webp, { width, height }, profile),
      tolerance: 0,
    },
    {
      width,
      height,
      name: 'half-transparent WebP',
      bytes: await sharp(rgba, { raw: { width, height, channels: 4 } })
        .webp({ lossless: true, exact: true })
        .toBuffer(),
      rgb: seen.flatMap(([r = 0, g = 0, b = 0, a = 0]) => [r, g, b].map((value) => overWhite(value, a))),
      tolerance: 1, // a canvas rounds once more
    },
  ];
}

/** A WebP with chunks before its image, and their announcement. */
function extendedWebp(
  webp: Uint8Array,
  size: { width: number; height: number },
  profile: Uint8Array,
): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => {
    const head = Buffer.from(`${type}....`, 'latin1');
    head.writeUInt32LE(data.length, 4);
    return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
  };
  const canvas = Buffer.alloc(10);
  canvas[0] = 0x20; // it has a profile
  canvas.writeUIntLE(size.width - 1, 4, 3);
  canvas.writeUIntLE(size.height - 1, 7, 3);
  const image = webp.subarray(12);
  const all = Buffer.concat([Buffer.from('WEBP'), chunk('VP8X', canvas), chunk('ICCP', profile), image]);
  return new Uint8Array(chunk('RIFF', all));
}

/** 2×3 blocks of 16×16 pixels, stored so that each orientation shows the same picture. */
async function orientedCases(): Promise<PictureCase[]> {
  const side = 16;
  const blocks = [
    [20, 60],
    [100, 140],
    [180, 220],
  ];
  // Where the upright row and column stand in the stored picture. Source: EXIF 2.32, figure of tag 0x0112.
  const stored = (orientation: number): number[][] => {
    const flipX = (b: number[][]) => b.map((row) => [...row].reverse());
    const flipY = (b: number[][]) => [...b].reverse();
    const transpose = (b: number[][]) => (b[0] as number[]).map((_, x) => b.map((row) => row[x] as number));
    const clockwise = (b: number[][]) => flipX(transpose(b));
    const anticlockwise = (b: number[][]) => flipY(transpose(b));
    return [
      blocks,
      flipX(blocks),
      flipY(flipX(blocks)),
      flipY(blocks),
      transpose(blocks),
      anticlockwise(blocks), // to be turned clockwise
      flipX(flipY(transpose(blocks))),
      clockwise(blocks),
    ][orientation - 1] as number[][];
  };
  const greyOf = (b: number[][]) =>
    b.flatMap(
      (row) => new Array(side).fill(row.flatMap((v) => new Array<number>(side).fill(v))).flat() as number[],
    );
  const rgb = greyOf(blocks).flatMap((v) => [v, v, v]);
  const shown = { width: 2 * side, height: 3 * side, rgb };
  const cases = [1, 2, 3, 4, 5, 6, 7, 8].map(async (orientation): Promise<PictureCase[]> => {
    const b = stored(orientation);
    const [width, height] = [(b[0] as number[]).length * side, b.length * side];
    const grey = greyOf(b);
    const picture = () => sharp(Uint8Array.from(grey), { raw: { width, height, channels: 1 } });
    const png = pngOf({
      width,
      height,
      depth: 8,
      colourType: 0,
      rows: rowsOf(grey, width),
      chunks: [['eXIf', exif(orientation)]],
    });
    return [
      { ...shown, name: `orientation ${orientation} of PNG`, bytes: png, tolerance: 0 },
      {
        ...shown,
        name: `orientation ${orientation} of JPEG`,
        bytes: withSegment(
          await picture().jpeg({ quality: 100 }).toBuffer(),
          0xe1,
          'Exif\0\0',
          exif(orientation),
        ), // big-endian
        tolerance: 1, // flat blocks of 8×8 and no chroma: nothing but rounding
      },
      {
        ...shown,
        name: `orientation ${orientation} of WebP`,
        bytes: await picture().withMetadata({ orientation }).webp({ lossless: true }).toBuffer(),
        tolerance: 0,
      },
    ];
  });
  return (await Promise.all(cases)).flat();
}

/** A 3×2 image stored on its side, whose EXIF is unusual. The first row of what is stored is the last column. */
async function unusualExifCases(): Promise<PictureCase[]> {
  const stored = { width: 2, height: 3 };
  const shown = { width: 3, height: 2, rgb: [5, 3, 1, 6, 4, 2].flatMap((v) => [v, v, v]), tolerance: 0 };
  const rows = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const png = (...chunks: (readonly [type: string, data: Uint8Array])[]) =>
    pngOf({ ...stored, depth: 8, colourType: 0, rows, chunks });
  const webp = await sharp(png()).webp({ lossless: true }).withMetadata({ orientation: 6 }).toBuffer();
  const at = webp.indexOf('EXIF') + 8;
  const long = Buffer.from(exif(6, 'LONG'));
  const withLong = Buffer.concat([webp.subarray(0, at - 4), Buffer.from([26, 0, 0, 0]), long]);
  withLong.writeUInt32LE(withLong.length - 8, 4);
  return [
    { ...shown, name: 'orientation as LONG in PNG', bytes: png(['eXIf', long]) },
    { ...shown, name: 'orientation as LONG in WebP', bytes: new Uint8Array(withLong) },
  ];
}

const wild = (name: string) => new Uint8Array(readFileSync(join(__dirname, 'pictures', `${name}.jpeg`)));

/** JPEGs as other programs write them. Expected is what sharp reads of a copy that is repaired by hand. */
async function wildCases(): Promise<PictureCase[]> {
  const cases: (readonly [name: string, repair: (bytes: Buffer) => Buffer, clockwise: number])[] = [
    ['jpeg-sos', (bytes) => Object.assign(bytes, { [bytes.indexOf(Buffer.from([0xff, 0xda])) + 12]: 63 }), 0],
    [
      'jpeg-pad',
      (bytes) =>
        Buffer.concat([
          bytes.subarray(0, bytes.indexOf(padding) - 3),
          bytes.subarray(bytes.indexOf(padding)),
        ]),
      0,
    ],
    ['exif-long-big-endian', withoutExif, 90],
    ['exif-twice', (bytes) => withoutExif(withoutExif(bytes)), 90],
  ];
  return Promise.all(
    cases.map(async ([name, repair, clockwise]) => {
      const repaired = sharp(repair(Buffer.from(wild(name)))).rotate(clockwise);
      const { data, info } = await repaired.raw().toBuffer({ resolveWithObject: true });
      return {
        name,
        bytes: wild(name),
        width: info.width,
        height: info.height,
        rgb: [...data],
        tolerance: 0,
      };
    }),
  );
}

/** What stands behind the padding of jpeg-pad: the second quantisation table. */
const padding = Buffer.from([0xff, 0xdb, 0, 67, 1]);

function withoutExif(jpeg: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(4 + jpeg.readUInt16BE(4))]);
}

/** JPEGs of all ways to sample and to scan. Decoders that follow libjpeg-turbo give the same pixels. */
export async function jpegCases(): Promise<{ readonly name: string; readonly bytes: Uint8Array }[]> {
  const size = { width: 50, height: 41 };
  const colour = (across: number, down: number) =>
    [
      [across, down],
      [1, 1],
      [1, 1],
    ] as const;
  const factors = [colour(1, 1), colour(2, 1), colour(1, 2), colour(2, 2), colour(4, 1), [[1, 1]]] as const;
  const baseline = factors.map((each, seed) => ({
    name: `JPEG sampled as ${each.join(' ')}`,
    bytes: jpegOf({ ...size, factors: each, seed, restartInterval: seed }),
  }));
  const noise = sharp(jpegOf({ ...size, factors: colour(1, 1), seed: 9 }));
  const progressive = async (chromaSubsampling: string) => ({
    name: `progressive JPEG of ${chromaSubsampling}`,
    bytes: new Uint8Array(await noise.clone().jpeg({ chromaSubsampling, progressive: true }).toBuffer()),
  });
  const rgb = jpegOf({ ...size, factors: colour(1, 1), seed: 8, ids: [...Buffer.from('RGB')] });
  return [
    ...baseline,
    await progressive('4:4:4'),
    await progressive('4:2:0'),
    { name: 'RGB JPEG', bytes: rgb },
  ];
}

/** What every decoder has to read alike. */
export async function pictureCases(): Promise<PictureCase[]> {
  return [
    ...plainCases(),
    ...depthCases(),
    ...(await encodedCases()),
    ...(await orientedCases()),
    ...(await unusualExifCases()),
    ...(await wildCases()),
  ];
}

/** What every decoder has to refuse, and why. */
export function refusedPictures(): {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly reason: string;
}[] {
  const jpeg = jpegOf({ width: 16, height: 16, factors: [[1, 1]], seed: 1 });
  const changed = (find: number, offset: number, value: number) =>
    Object.assign(Uint8Array.from(jpeg), {
      [Buffer.from(jpeg).indexOf(Buffer.from([0xff, find])) + offset]: value,
    });
  return [
    { name: 'CMYK', bytes: wild('jpeg-cmyk'), reason: 'got CMYK' },
    { name: 'a cut JPEG', bytes: jpeg.subarray(0, -2), reason: 'ends without its end marker' },
    { name: 'arithmetic coding', bytes: changed(0xc0, 1, 0xc9), reason: 'got frame type 9' },
    { name: 'a lossless JPEG', bytes: changed(0xc0, 1, 0xc3), reason: 'got frame type 3' },
    { name: 'a scan without its tables', bytes: changed(0xda, 6, 0x33), reason: 'without its Huffman table' },
    { name: '12 bits', bytes: changed(0xc0, 4, 12), reason: 'of 12 bits' },
    { name: 'an incomplete progressive JPEG', bytes: changed(0xc0, 1, 0xc2), reason: 'a scan out of turn' },
  ];
}

export function worstDifference(got: ArrayLike<number>, expected: readonly number[]): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (got[i] as number))), 0);
}
