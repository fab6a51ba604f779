import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageGrid, type RawImage, writePng } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { nodeCodec } from '../../../packages/runtime/src/node/images.js';
import { cover, fitImage } from '../../../packages/runtime/src/pictures/fit.js';
import { fits } from '../../../packages/runtime/src/pictures/fits.js';
import {
  checkRawImage,
  fromModel,
  toModel,
  withChannels,
} from '../../../packages/runtime/src/pictures/images.js';
import { worstDifference } from '../../support/picture-cases.js';

const centre = () => 0.5;
const codec = nodeCodec({ maxPixels: 10_000, maxBytes: 100_000 });
const grey = (height: number, width: number, values: number[]): RawImage => ({
  data: Uint8Array.from(values),
  height,
  width,
  channels: 1,
});

describe('raw images', () => {
  test('become x by channel, row and column, u drawn in that order', () => {
    const image = { data: Uint8Array.of(0, 255, 128, 7, 8, 9), height: 1, width: 2, channels: 3 };
    let draws = 0;
    // 3 bits: bins 0 7 4 and 0 0 0; u = 0, 1/8, 2/8 … in planar order.
    const { x } = toModel(image, 3, () => draws++ / 8);
    expect([...x]).toEqual([0, 0.125 / 8, 7.25 / 8, 0.375 / 8, 4.5 / 8, 0.625 / 8].map((v) => v - 0.5));
  });

  test.each([1, 3, 5, 8])('of %i bits keep every bin through x and back', (bits) => {
    const image = grey(
      16,
      16,
      Array.from({ length: 256 }, (_, p) => p),
    );
    const shown = fromModel(toModel(image, bits, centre), bits);
    expect(shown.data[255]).toBe(255);
    expect(shown.data.map((p) => p >> (8 - bits))).toEqual(image.data.map((p) => p >> (8 - bits)));
    expect(fromModel(toModel(shown, bits, centre), bits)).toEqual(shown);
  });

  test('x beyond the range of pixels shows as black and white', () => {
    expect([...fromModel({ x: Float32Array.of(-7, 7), height: 1, width: 2 }, 8).data]).toEqual([0, 255]);
  });

  test('take the channels of the model: alpha over white, grey repeated, colour to luma', () => {
    const to = (channels: number, from: number, ...data: number[]) => [
      ...withChannels(
        { data: Uint8Array.from(data), height: 1, width: data.length / from, channels: from },
        channels,
        'test',
      ).data,
    ];
    expect(to(3, 1, 9, 200)).toEqual([9, 9, 9, 200, 200, 200]);
    expect(to(3, 2, 0, 255, 0, 0)).toEqual([0, 0, 0, 255, 255, 255]);
    expect(to(3, 4, 0, 0, 0, 128, 10, 20, 30, 255)).toEqual([127, 127, 127, 10, 20, 30]);
    // Rec. 601: 0.299, 0.587 and 0.114 of 255.
    expect(to(1, 3, 255, 0, 0, 0, 255, 0, 0, 0, 255, 77, 77, 77)).toEqual([76, 150, 29, 77]);
    expect(to(1, 2, 0, 128)).toEqual([127]);
    expect(() => to(2, 3, 1, 2, 3)).toThrow(
      'test: an image of 3 channels cannot be converted to the 2 of the model',
    );
  });

  test.each([
    [{ data: [1], height: 1, width: 1, channels: 1 }, /^encode: expected \{ data: Uint8Array/],
    [null, /^encode: expected \{ data/],
    [{ ...grey(1, 2, [0, 0]), width: 3 }, /^encode: data must hold .* 1×3×1 bytes, got 2/],
    [{ ...grey(1, 2, [0, 0]), height: 0.5 }, /^encode: height must be a positive integer, got 0.5/],
  ])('that are none are refused: case %#', (image, message) => {
    expect(() => checkRawImage(image as never, 'encode')).toThrow(message);
  });
});

describe('fitImage', () => {
  const training = { height: 16, width: 24 };
  const wide = grey(3, 5, [11, 12, 13, 14, 15, 21, 22, 23, 24, 25, 31, 32, 33, 34, 35]);

  test('leaves a size that divides alone, whatever is asked for', () => {
    const image = grey(2, 4, [1, 2, 3, 4, 5, 6, 7, 8]);
    for (const fit of ['none', 'resize', 'crop', 'pad'] as const) {
      expect(fitImage(image, { levels: 1, ...training }, { fit }, 'encode')).toEqual({
        image,
        fitted: undefined,
      });
    }
  });

  test('says which side does not divide', () => {
    const image = { data: new Uint8Array(30 * 32), height: 30, width: 32, channels: 1 };
    expect(() => fitImage(image, { levels: 3, ...training }, { fit: 'none' }, 'encode')).toThrow(
      'encode: image 30×32 cannot pass 3 levels: height must be divisible by 8; pass fit: "cover", "resize", "crop" or "pad"',
    );
    expect(() => fitImage(wide, { levels: 2, ...training }, { fit: 'none' }, 'encode')).toThrow(
      'height and width must be',
    );
    expect(() => fitImage(wide, { levels: 1, ...training }, { fit: 'stretch' as never }, 'encode')).toThrow(
      'fit must be "cover", "none", "resize", "crop" or "pad", got "stretch"',
    );
  });

  test('crops the middle', () => {
    expect(fitImage(wide, { levels: 1, ...training }, { fit: 'crop' }, 'encode').image).toEqual(
      grey(2, 4, [11, 12, 13, 14, 21, 22, 23, 24]),
    );
    const seven = grey(1, 7, [1, 2, 3, 4, 5, 6, 7]);
    expect(() => fitImage(seven, { levels: 1, ...training }, { fit: 'crop' }, 'encode')).toThrow(
      'image 1×7 is too small to crop',
    );
    const tall = grey(
      7,
      4,
      Array.from({ length: 28 }, (_, i) => i),
    );
    expect(fitImage(tall, { levels: 2, ...training }, { fit: 'crop' }, 'encode').image.data[0]).toBe(4);
  });

  test('pads with the edge', () => {
    expect(fitImage(wide, { levels: 1, ...training }, { fit: 'pad' }, 'encode').image).toEqual(
      grey(
        4,
        6,
        [
          [11, 12, 13, 14, 15, 15],
          [21, 22, 23, 24, 25, 25],
          [31, 32, 33, 34, 35, 35],
          [31, 32, 33, 34, 35, 35],
        ].flat(),
      ),
    );
  });

  // What training does with pictures of another size: packages/trainer/src/data/folder.ts.
  test.each([
    [90, 64],
    [40, 100],
    [48, 72],
  ])('covers the training size, as sharp does, of %i×%i', async (height, width) => {
    const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return 128 + 100 * Math.sin(x / 9 + (i % 3)) * Math.cos(y / 11);
    });
    const { image: covered } = fitImage(
      { data, height, width, channels: 3 },
      { levels: 1, ...training },
      { fit: 'cover' },
      'encode',
    );
    const options = { ...training, fit: 'cover', position: 'centre', kernel: 'lanczos3' } as const;
    const expected = await sharp(data, { raw: { height, width, channels: 3 } })
      .resize(options)
      .raw()
      .toBuffer();
    expect(covered).toMatchObject(training);
    expect(worstDifference(covered.data, [...expected])).toBeLessThanOrEqual(3); // libvips rounds kernels to 1/64 pixel
  });

  test('tells the sizes before and after, and the way', () => {
    const fitBy = (fit: 'cover' | 'crop') =>
      fitImage(wide, { levels: 1, ...training }, { fit }, 'encode').fitted;
    const from = { height: 3, width: 5 };
    expect(fitBy('crop')).toEqual({ from, to: { height: 2, width: 4 }, by: 'crop' });
    expect(fitBy('cover')).toEqual({ from, to: training, by: 'cover' });
  });

  test.each(fits)('gives the size that the call needs, by cover where %s gives another', (fit) => {
    const size = { height: 8, width: 2 };
    const { image, fitted } = fitImage(wide, { levels: 1, ...training }, { fit, size }, 'encode');
    expect(image).toEqual(cover(wide, 8, 2));
    expect(fitted).toEqual({ from: { height: 3, width: 5 }, to: size, by: 'cover' });
  });

  test('goes its own way to the size that the call needs if that leads there', () => {
    const rule = { fit: 'crop', size: { height: 2, width: 4 } } as const;
    const { image, fitted } = fitImage(wide, { levels: 1, ...training }, rule, 'encode');
    expect(fitted?.by).toBe('crop');
    expect(image).toEqual(grey(2, 4, [11, 12, 13, 14, 21, 22, 23, 24]));
  });

  test('cuts an odd rest where sharp does', async () => {
    const image = grey(2, 5, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const expected = await sharp(image.data, { raw: { width: 5, height: 2, channels: 1 } })
      .resize({ width: 2, height: 2, fit: 'cover', position: 'centre' })
      .extractChannel(0)
      .raw()
      .toBuffer();
    expect([...cover(image, 2, 2).data]).toEqual([...expected]);
  });

  test('resizes to the nearest multiple, keeping channels', () => {
    for (const channels of [1, 3]) {
      const image = { data: new Uint8Array(5 * 10 * channels).fill(90), height: 5, width: 10, channels };
      const fitted = fitImage(image, { levels: 2, ...training }, { fit: 'resize' }, 'encode');
      const { height, width, data } = fitted.image;
      expect([height, width, data.length]).toEqual([4, 12, 48 * channels]);
      expect(data.every((value) => value === 90)).toBe(true);
    }
    expect(
      fitImage(grey(1, 1, [5]), { levels: 2, ...training }, { fit: 'resize' }, 'encode').image,
    ).toMatchObject({
      height: 4,
      width: 4,
    });
  });
});

test('writePng makes folders, and replaces what stood there', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'glow-png-'));
  const path = join(directory, 'a/b.png');
  await writePng(path, grey(1, 1, [1]));
  await writePng(path, grey(1, 1, [2]));
  expect((await codec.read(path)).data[0]).toBe(2);
  rmSync(directory, { recursive: true });
});

describe('imageGrid', () => {
  test('enlarges without smoothing and keeps a white gap', () => {
    const grid = imageGrid([grey(1, 1, [1]), grey(1, 1, [2]), grey(1, 1, [3])], {
      columns: 2,
      scale: 2,
      gap: 1,
    });
    expect(grid).toEqual(
      grey(
        5,
        5,
        [
          [1, 1, 255, 2, 2],
          [1, 1, 255, 2, 2],
          [255, 255, 255, 255, 255],
          [3, 3, 255, 255, 255],
          [3, 3, 255, 255, 255],
        ].flat(),
      ),
    );
  });

  test('is about square unless told, and as narrow as its images', () => {
    const images = Array.from({ length: 5 }, () => grey(1, 1, [0]));
    expect(imageGrid(images, { gap: 0 })).toMatchObject({ width: 3, height: 2 });
    expect(imageGrid(images, { gap: 0, columns: 9 })).toMatchObject({ width: 5, height: 1 });
  });

  test('keeps colours together', () => {
    const rgb = { data: Uint8Array.of(1, 2, 3), height: 1, width: 1, channels: 3 };
    expect([...imageGrid([rgb, rgb], { gap: 0, scale: 1 }).data]).toEqual([1, 2, 3, 1, 2, 3]);
  });

  test('gives images of other sizes as much place as the largest, on white', () => {
    const grid = imageGrid([grey(1, 1, [7]), grey(1, 2, [8, 9])], { gap: 1, columns: 2 });
    expect([grid.height, grid.width, ...grid.data]).toEqual([1, 5, 7, 255, 255, 8, 9]);
  });

  test('refuses images of other channels, and none at all', () => {
    expect(() => imageGrid([])).toThrow('at least one image');
    const rgb = { data: Uint8Array.of(1, 2, 3), height: 1, width: 1, channels: 3 };
    expect(() => imageGrid([grey(1, 1, [0]), rgb])).toThrow(
      'image 1 has 3 channels, expected 1 like image 0',
    );
    expect(() => imageGrid([grey(1, 1, [0])], { scale: 1.5 })).toThrow('scale must be an integer from 1 on');
  });
});
