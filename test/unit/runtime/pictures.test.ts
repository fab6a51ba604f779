import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';
import { createRandom, encodePng, toImageData } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { decodePurely } from '../../../packages/runtime/src/node/decode-purely.js';
import { nodeCodec } from '../../../packages/runtime/src/node/images.js';
import { inflate } from '../../../packages/runtime/src/node/inflate.js';
import { boxRows } from '../../../packages/runtime/src/pictures/average-boxes.js';
import { createCodec } from '../../../packages/runtime/src/pictures/codec.js';
import { cover } from '../../../packages/runtime/src/pictures/fit.js';
import { readHeader } from '../../../packages/runtime/src/pictures/header.js';
import { withChannels } from '../../../packages/runtime/src/pictures/images.js';
import { resize } from '../../../packages/runtime/src/pictures/resize.js';
import {
  type PictureCase,
  pictureCases,
  pngOf,
  refusedPictures,
  worstDifference,
} from '../../support/picture-cases.js';

const limits = { maxPixels: 10_000, maxBytes: 100_000 };
const codec = nodeCodec(limits);
const pure = createCodec(
  {
    objects: 'nothing else',
    readFile: () => Promise.reject(new Error('no files here')),
    decode: decodePurely,
    inflate,
    readObject: () => undefined,
  },
  limits,
);

describe('every picture of the table', () => {
  let cases: PictureCase[];
  beforeAll(async () => {
    cases = await pictureCases();
  });

  test.each([
    ['sharp', codec, 0],
    ['the fallback', pure, 1],
  ] as const)('looks as it should by %s', async (name, { read }, webp) => {
    const readable =
      name === 'sharp' ? cases : cases.filter(({ bytes }) => readHeader(bytes).format !== 'webp');
    expect(cases.length - readable.length).toBe(webp * 12);
    for (const { name, bytes, width, height, rgb, tolerance } of readable) {
      const image = await read(bytes);
      expect([name, image.width, image.height]).toEqual([name, width, height]);
      const worst = worstDifference(withChannels(image, 3, name).data, rgb);
      expect([name, worst <= tolerance, worst]).toEqual([name, true, worst]);
    }
  });
});

test.each([
  ['sharp', codec],
  ['the fallback', pure],
] as const)('a broken or unusual picture is refused by %s', async (_, { read }) => {
  for (const { bytes, reason } of refusedPictures()) await expect(read(bytes)).rejects.toThrow(reason);
});

describe('a picture', () => {
  const folder = mkdtempSync(join(tmpdir(), 'glow-pictures-'));
  const path = join(folder, 'a picture #1.png');
  const data = Uint8Array.from({ length: 12 }, (_, i) => i * 20);
  const image = { data, width: 2, height: 2, channels: 3 };
  let png: Uint8Array;
  beforeAll(async () => {
    png = await encodePng(image);
    writeFileSync(path, png);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['bytes', () => png],
    ['an ArrayBuffer', () => new Uint8Array(png).buffer],
    ['a Blob', () => new Blob([png as Uint8Array<ArrayBuffer>])],
    ['a path', () => path],
    ['a file: URL', () => pathToFileURL(path)],
    ['a file: URL as text', () => pathToFileURL(path).href],
    ['an instance of sharp', () => sharp(png)],
  ])('may come as %s', async (_, input) => {
    expect(await codec.read(input())).toEqual(image);
  });

  test.each([
    [new TextEncoder().encode('<?xml version="1.0"?><svg/>'), 'expected a PNG, JPEG or WebP, got an SVG'],
    [new TextEncoder().encode('%PDF-1.7'), 'got a PDF'],
    [new TextEncoder().encode('GIF89a'), 'got a GIF'],
    [Uint8Array.of(1, 2, 3), 'got an unknown format'],
    [new Uint8Array(0), 'got no bytes'],
    ['ftp://example.org/a.png', 'expected a path, or an address of http, https, file or data'],
    [7, 'an instance of sharp, got 7'],
    [{}, 'an instance of sharp, got an empty object'],
  ])('is refused by name: case %#', async (input, message) => {
    await expect(codec.read(input as never)).rejects.toThrow(message);
  });

  test('in CMYK is refused', async () => {
    const jpeg = await sharp(png).toColourspace('cmyk').jpeg().toBuffer();
    await expect(codec.read(jpeg)).rejects.toThrow('expected a JPEG in RGB or grey, got CMYK');
  });

  test('over a limit is refused before it is decoded', async () => {
    // One row too few behind the header: decoding would fail otherwise.
    const rows = new Array(99).fill(new Array(101).fill(0));
    const large = pngOf({ width: 101, height: 100, depth: 8, colourType: 0, rows });
    await expect(codec.read(large)).rejects.toThrow(
      'the image has 100×101 = 10100 pixels, more than maxPixels (10000); make it smaller, or load the model with a larger maxPixels',
    );
    await expect(codec.read(new Uint8Array(100_001))).rejects.toThrow(
      '100001 bytes, more than maxBytes (100000)',
    );
    await expect(codec.read(new Blob([new Uint8Array(100_001)]))).rejects.toThrow('more than maxBytes');
    writeFileSync(join(folder, 'large'), new Uint8Array(100_001));
    await expect(codec.read(join(folder, 'large'))).rejects.toThrow('more than maxBytes');
  });

  test('that inflates to more than its size says is refused, whatever its profile inflates to', async () => {
    const bomb = pngOf({
      width: 1,
      height: 1,
      depth: 8,
      colourType: 0,
      rows: [new Array(1_000_000).fill(0)],
    });
    await expect(pure.read(bomb)).rejects.toThrow('decompress to more than 2 bytes, expected by its size');
    const profile = Buffer.concat([Buffer.from('p\0\0'), deflateSync(Buffer.alloc(50_000_000))]);
    const one = { width: 1, height: 1, depth: 8, colourType: 0, rows: [[9]] };
    expect((await pure.read(pngOf({ ...one, chunks: [['iCCP', profile]] }))).data).toEqual(Uint8Array.of(9));
  });

  test.each([
    [{ rows: [[1, 2]] }, 'end after 3 bytes, expected 8'],
    [{ depth: 3 }, 'colour type 0 with 3 bits'],
    [{ colourType: 3 }, 'has colour type 3 but no palette'],
    [
      { colourType: 3, chunks: [['PLTE', Uint8Array.of(1, 2, 3)]] as const },
      'uses palette index 1, expected less than 1',
    ],
  ])('that is broken says how: case %#', async (parts, message) => {
    const rows = [1, 2].map(() => [1, 2, 3]);
    const broken = pngOf({ width: 3, height: 2, depth: 8, colourType: 0, rows, ...parts });
    await expect(pure.read(broken)).rejects.toThrow(message);
  });

  test('survives any damage with an error, or pixels of its size', async () => {
    let state = 1;
    const random = (below: number) => {
      state = (state * 48271) % 2147483647;
      return state % below;
    };
    const valid = [png, await sharp(png).jpeg().toBuffer(), await sharp(png).webp().toBuffer()];
    for (let round = 0; round < 300; round++) {
      const bytes = Uint8Array.from(valid[round % 3] as Uint8Array).subarray(0, 8 + random(200));
      bytes[random(bytes.length)] = random(256);
      await pure.read(bytes).then(
        ({ data, width, height, channels }) => expect(data.length).toBe(width * height * channels),
        (error: Error) => expect(error.message).toMatch(/./),
      );
    }
  });
});

describe('encodePng', () => {
  test.each([1, 2, 3, 4])('writes %i channels that sharp reads as they are', async (channels) => {
    const data = Uint8Array.from({ length: 15 * channels }, (_, i) => (i * 37) % 256);
    const png = await encodePng({ data, height: 5, width: 3, channels });
    expect((await sharp(png).metadata()).channels).toBe(channels);
    const rgba = await sharp(png).toColourspace('srgb').ensureAlpha().raw().toBuffer();
    const kept = [[0], [0, 3], [0, 1, 2], [0, 1, 2, 3]][channels - 1] as number[];
    expect([...rgba].filter((_, i) => kept.includes(i % 4))).toEqual([...data]);
  });

  test('refuses five channels', async () => {
    const image = { data: new Uint8Array(5), height: 1, width: 1, channels: 5 };
    await expect(encodePng(image)).rejects.toThrow('encodePng: expected 1 to 4 channels, got 5');
  });
});

test('toImageData makes RGBA of 1 to 4 channels', () => {
  const of = (...data: number[]) => [
    ...toImageData({ data: Uint8Array.from(data), width: 1, height: 1, channels: data.length }).data,
  ];
  expect([of(7), of(7, 9), of(1, 2, 3), of(1, 2, 3, 4)]).toEqual([
    [7, 7, 7, 255],
    [7, 7, 7, 9],
    [1, 2, 3, 255],
    [1, 2, 3, 4],
  ]);
});

describe('resize', () => {
  /** Slow waves, sampled at pixels' centres. */
  const wave = (width: number, height: number) =>
    Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
      return Math.round(
        128 + 100 * Math.sin((9 * (x + 0.5)) / width + c) * Math.cos((7 * (y + 0.5)) / height),
      );
    });

  // Both are Lanczos' kernel, and both round between rows and columns; libvips also rounds kernels to 1/64 pixel.
  test('to less is what libvips makes of it, but for rounding', async () => {
    const random = createRandom(1); // noise, which aliases if it can
    const data = Uint8Array.from({ length: 48 * 40 * 3 }, () => 256 * random.uniform());
    const image = { data, width: 48, height: 40, channels: 3 };
    const options = { fit: 'fill', kernel: 'lanczos3', fastShrinkOnLoad: false } as const;
    const vips = await sharp(image.data, { raw: { width: 48, height: 40, channels: 3 } })
      .resize(16, 16, options)
      .raw()
      .toBuffer();
    expect(worstDifference(resize(image, 16, 16).data, [...vips])).toBeLessThanOrEqual(3);
  });

  test.each([1, 2, 3, 4])(
    'by far averages boxes, and what is cut off at the edges: %i channels',
    (channels) => {
      // 23×19 boxes of 10×9 pixels, the last ones 3×4, each of one value. They must survive on their own.
      const [width, height] = [223, 166];
      const value = (x: number, y: number, c: number) =>
        (40 * c + 5 * Math.floor(x / 10) + 3 * Math.floor(y / 9)) % 256;
      const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
        const [pixel, c] = [Math.floor(i / channels), i % channels];
        return value(pixel % width, Math.floor(pixel / width), c);
      });
      const average = boxRows({ data, width, height, channels }, { width: 10, height: 9 }, 3, 20);
      for (const y of [0, 7, 18]) {
        const expected = Array.from({ length: 20 * channels }, (_, i) =>
          value(10 * (3 + Math.floor(i / channels)), 9 * y, i % channels),
        );
        expect([...average(y)]).toEqual(expected);
      }
    },
  );

  test('averages boxes higher than 256 rows, of the largest values', () => {
    const image = { data: new Uint8Array(7 * 700).fill(255), width: 7, height: 700, channels: 1 };
    expect([...boxRows(image, { width: 2, height: 600 }, 0, 4)(0)]).toEqual([255, 255, 255, 255]);
    expect([...resize(image, 1, 2).data]).toEqual([255, 255]);
  });

  test('to a window is the part of the whole', () => {
    const image = { data: wave(99, 83), width: 99, height: 83, channels: 3 };
    for (const [width, height] of [
      [20, 10],
      [64, 83],
      [130, 200],
    ] as const) {
      const whole = resize(image, width, height);
      const part = { left: 7, top: 3, width: 5, height: 4 };
      const rows = [3, 4, 5, 6].flatMap((y) => [
        ...whole.data.subarray(3 * (y * width + 7), 3 * (y * width + 12)),
      ]);
      expect([...resize(image, width, height, part).data]).toEqual(rows);
    }
  });

  test('to cover a size takes no time for what is cropped', () => {
    const line = { data: new Uint8Array(65_535).fill(9), width: 1, height: 65_535, channels: 1 };
    expect(cover(line, 16, 512).data).toEqual(new Uint8Array(16 * 512).fill(9)); // the whole has 17 gigapixels
  });

  // libvips enlarges by another kernel.
  test('to more follows a slow wave', () => {
    const image = { data: wave(33, 31), width: 33, height: 31, channels: 3 };
    const [width, height, margin] = [77, 64, 8];
    const inside = (_: number, i: number) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return x >= margin && x < width - margin && y >= margin && y < height - margin;
    };
    const enlarged = resize(image, width, height).data.filter(inside);
    expect(worstDifference(enlarged, [...wave(width, height).filter(inside)])).toBeLessThanOrEqual(2);
  });

  test('to the same size changes nothing', () => {
    const image = { data: wave(9, 7), width: 9, height: 7, channels: 3 };
    expect(resize(image, 9, 7)).toEqual(image);
  });
});
