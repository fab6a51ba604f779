import { createRandom } from '@glow-onnx/flow/random';
import sharp from 'sharp';
import { decodePurely } from '../../../packages/runtime/src/node/decode-purely.js';
import { nodeCodec } from '../../../packages/runtime/src/node/images.js';
import { inflate } from '../../../packages/runtime/src/node/inflate.js';
import { createCodec } from '../../../packages/runtime/src/pictures/codec.js';
import { defaultImageLimits } from '../../../packages/runtime/src/pictures/limits.js';
import { jpegOf } from '../../support/jpeg-of.js';
import { worstDifference } from '../../support/picture-cases.js';

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

describe('damage in the coded data of a JPEG', () => {
  const jpeg = jpegOf({ width: 64, height: 48, factors: colour(2, 2), seed: 1, restartInterval: 4 });
  const scan = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xda])) + 14;
  const marker = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xd1]));

  test.each([
    [
      'a code that the tables do not have',
      () => Uint8Array.from(jpeg).fill(0xf0, scan, scan + 40),
      'a code that its tables do not have',
    ],
    [
      'a scan that is cut',
      () => Buffer.concat([jpeg.subarray(0, marker - 9), jpeg.subarray(marker)]),
      'too little data in a scan',
    ],
    [
      'bytes before a restart marker',
      () => Buffer.concat([jpeg.subarray(0, marker), Buffer.alloc(9), jpeg.subarray(marker)]),
      'too much data in a scan',
    ],
    [
      'a restart marker out of turn',
      () => Object.assign(Uint8Array.from(jpeg), { [marker + 1]: 0xd4 }),
      'lacks a restart marker',
    ],
    [
      'a scan without its tables',
      () => Object.assign(Uint8Array.from(jpeg), { [scan - 8]: 0x33 }),
      'without its Huffman table',
    ],
  ])('is refused without sharp: %s', async (_, damaged, message) => {
    await expect(pure.read(damaged())).rejects.toThrow(message);
  });

  test('is refused, or gives the pixels that sharp reads', async () => {
    const random = createRandom(1);
    const below = (count: number) => Math.floor(count * random.uniform());
    const progressive = await sharp(jpeg).jpeg({ progressive: true }).toBuffer();
    const outcomes = { same: 0, refused: 0, onlyBySharp: 0, onlyWithout: 0 };
    for (let i = 0; i < 200; i++) {
      const damaged = Uint8Array.from(i % 2 ? jpeg : progressive);
      const at = scan + below(damaged.length - scan);
      damaged[at] = (damaged[at] as number) ^ (1 << below(8));
      const [ours, native] = await Promise.allSettled([pure.read(damaged), bySharp.read(damaged)]);
      if (ours.status === 'rejected') {
        expect((ours.reason as Error).message).toMatch(/JPEG/);
        outcomes[native.status === 'rejected' ? 'refused' : 'onlyWithout']++;
      } else if (native.status === 'rejected') outcomes.onlyBySharp++;
      else {
        expect(worstDifference(ours.value.data, [...native.value.data])).toBe(0);
        outcomes.same++;
      }
    }
    expect(outcomes.onlyBySharp).toBe(0);
    // sharp does not notice every code that does not exist.
    expect(outcomes.onlyWithout).toBeLessThanOrEqual(10);
    expect(Math.min(outcomes.same, outcomes.refused)).toBeGreaterThan(20);
  });
});
