import sharp from 'sharp';
import { decodePurely } from '../../../packages/runtime/src/node/decode-purely.js';
import { nodeCodec } from '../../../packages/runtime/src/node/images.js';
import { inflate } from '../../../packages/runtime/src/node/inflate.js';
import { createCodec } from '../../../packages/runtime/src/pictures/codec.js';
import { defaultImageLimits } from '../../../packages/runtime/src/pictures/limits.js';
import { jpegOf } from '../../support/jpeg-of.js';

const bySharp = nodeCodec(defaultImageLimits);
const pure = createCodec(
  {
    objects: 'nothing else',
    readFile: () => Promise.reject(new Error('no files here')),
    decode: decodePurely,
    inflate,
    readObject: () => undefined,
  },
  defaultImageLimits,
);

async function expectSame(bytes: Uint8Array): Promise<void> {
  const [ours, native] = [await pure.read(bytes), await bySharp.read(bytes)];
  expect({ ...ours, data: Buffer.from(ours.data) }).toEqual({ ...native, data: Buffer.from(native.data) });
}

const grey = [[1, 1]] as const;
const colour = (across: number, down: number) =>
  [
    [across, down],
    [1, 1],
    [1, 1],
  ] as const;

describe('a JPEG has the same pixels with sharp and without', () => {
  test.each([
    ['4:4:4', { factors: colour(1, 1) }],
    ['4:2:2', { factors: colour(2, 1) }],
    ['4:4:0', { factors: colour(1, 2) }],
    ['4:2:0', { factors: colour(2, 2) }],
    ['4:1:1', { factors: colour(4, 1) }],
    ['4:1:0', { factors: colour(4, 2) }],
    ['three thirds', { factors: colour(3, 1) }],
    [
      'chroma of two kinds',
      {
        factors: [
          [2, 2],
          [2, 1],
          [1, 2],
        ],
      },
    ],
    [
      'luma at half the width',
      {
        factors: [
          [1, 1],
          [2, 1],
          [2, 1],
        ],
      },
    ],
    ['grey', { factors: grey }],
    ['grey in units of 2×2, which mean nothing', { factors: [[2, 2]] }],
    ['restart markers', { factors: colour(2, 2), restartInterval: 3 }],
    ['grey with restart markers at each unit', { factors: grey, restartInterval: 1 }],
    ['a scan for each component', { factors: colour(2, 2), apart: true }],
    ['RGB by its names', { factors: colour(1, 1), ids: [...Buffer.from('RGB')] }],
    ['RGB by Adobe', { factors: colour(1, 1), segments: [[0xee, Buffer.from('Adobe\0d\0\0\0\0\0')]] }],
    [
      'YCbCr by Adobe',
      { factors: colour(1, 1), ids: [82, 71, 66], segments: [[0xee, Buffer.from('Adobe\0d\0\0\0\0\x01')]] },
    ],
    ['other names', { factors: colour(1, 1), ids: [0, 7, 255] }],
  ] as const)('as %s, at any size', async (_, parts) => {
    for (const [i, [width, height]] of (
      [
        [1, 1],
        [2, 5],
        [3, 17],
        [16, 16],
        [33, 7],
        [50, 41],
      ] as const
    ).entries()) {
      await expectSame(jpegOf({ ...parts, width, height, seed: i }));
    }
  });

  test.each(['4:4:4', '4:2:0'])('as a progressive file of %s', async (chromaSubsampling) => {
    const noise = jpegOf({ width: 61, height: 45, factors: colour(1, 1), seed: 3 });
    for (const quality of [20, 75, 98]) {
      await expectSame(await sharp(noise).jpeg({ quality, chromaSubsampling, progressive: true }).toBuffer());
    }
    await expectSame(await sharp(noise).greyscale().jpeg({ progressive: true }).toBuffer());
  });
});
