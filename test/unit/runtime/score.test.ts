import { deflateRawSync } from 'node:zlib';
import { createRandom } from '@glow-onnx/flow';
import type { RawImage } from '@glow-onnx/runtime';
import { trainingPercentile } from '../../../packages/runtime/src/model/training-percentile.js';
import { complexityOf } from '../../../packages/runtime/src/pictures/complexity.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { modelOf } from './oracle-model.js';

const config = tinyConfig({ bits: 5 });

function noise(index: number, side = 8, values = 256, channels = 3): RawImage {
  const random = createRandom(5, index);
  const data = Uint8Array.from({ length: side * side * channels }, () => random.below(values));
  return { data, height: side, width: side, channels };
}
const flat: RawImage = { ...noise(0), data: new Uint8Array(192).fill(200) };

describe('a percentile of the training histogram', () => {
  const percentile = trainingPercentile({ from: 1, to: 3, counts: [1, 3] });

  test('counts what lies below, evenly within a bin', () => {
    // One picture in [1, 2), three in [2, 3].
    expect([0.9, 1, 1.5, 2, 2.5, 3, 3.1].map((value) => percentile(value))).toEqual([
      0, 0, 0.125, 0.25, 0.625, 1, 1,
    ]);
  });

  test('is even where all pictures had one score', () => {
    const one = trainingPercentile({ from: 2, to: 2, counts: [0, 5] });
    expect([1, 2, 3].map((value) => one(value))).toEqual([0, 0.5, 1]);
  });

  test('is null without a histogram, and an error with one that is none', () => {
    expect(trainingPercentile(undefined)(1)).toBeNull();
    for (const bad of [null, 5, {}, { from: 1, to: 0, counts: [1] }, { from: 0, to: 1, counts: [-1] }]) {
      expect(() => trainingPercentile(bad)).toThrow('score: manifest.json: training.histogram: expected');
    }
    expect(() => trainingPercentile({ from: 0, to: 1, counts: [0, 0] })).toThrow('training.histogram');
  });
});

describe('complexity', () => {
  test('of noise is about what another deflate makes of its values', () => {
    for (const channels of [1, 3]) {
      const image = noise(1, 64, 32, channels);
      const other = (8 * deflateRawSync(image.data, { level: 9 }).length) / image.data.length;
      const ratio = complexityOf(image) / other;
      expect([ratio > 0.95, ratio < 1.1]).toEqual([true, true]);
      expect(other).toBeGreaterThan(5); // 32 equally likely values
    }
  });

  test('of what PNG foretells is next to nothing', () => {
    const side = 64;
    const picture = (value: (x: number, y: number) => number): RawImage => {
      const data = Uint8Array.from({ length: side * side }, (_, i) => value(i % side, Math.floor(i / side)));
      return { data, height: side, width: side, channels: 1 };
    };
    const hash = (i: number) => createRandom(9, i).below(256);
    for (const value of [() => 7, (x: number) => hash(x), (_: number, y: number) => hash(y)]) {
      // A row or column of 64 random bytes is 512 bits of 4,096 values.
      expect(complexityOf(picture(value))).toBeLessThan(0.125 + 0.2);
    }
    expect(complexityOf(picture((x, y) => x + y))).toBeLessThan(0.1);
  });

  test('is the same number everywhere: fflate is pinned', () => {
    // What PNG's fifth filter foretells best: a slope along both sides, with noise on it.
    const slope = {
      ...noise(4, 32, 4),
      data: noise(4, 32, 4).data.map((v, i) => v + Math.floor(i / 96) * 3 + ((i / 3) % 32) * 2),
    };
    const bytes = [flat, noise(2), noise(3, 16, 4), slope].map(
      (image) => (complexityOf(image) * image.data.length) / 8,
    );
    expect(bytes).toEqual([5, 197, 290, 1330]);
  });
});

describe('score', () => {
  const images = [noise(0), flat];

  test('is bits/dim, how typical they are, and what they exceed a compressor by', async () => {
    const training = { histogram: { from: 0, to: 100, counts: [10, 0, 30, 60] } };
    const model = modelOf(config, { manifest: { training } });
    const options = { draws: 3, seed: 2 };
    const bitsPerDim = await model.bitsPerDim(images, options);
    const scores = await model.score(images, options);
    for (const [i, score] of scores.entries()) {
      const bits = bitsPerDim[i] as number;
      expect(bits).toBeGreaterThan(0);
      expect(bits).toBeLessThan(25);
      const bins = (images[i] as RawImage).data.map((pixel) => pixel >> 3);
      const complexity = complexityOf({ ...(images[i] as RawImage), data: bins });
      expect(score).toEqual({
        bitsPerDim: bits,
        percentile: expect.closeTo((bits / 25) * 0.1, 12),
        typicality: expect.closeTo(2 * (bits / 25) * 0.1, 12),
        complexity,
        excess: bits - complexity,
      });
    }
  });

  test('is two-sided: beyond the histogram on either side it is 0', async () => {
    const typicality = async (from: number, to: number) => {
      const manifest = { training: { histogram: { from, to, counts: [1, 1] } } };
      return (await modelOf(config, { manifest }).score(images[0] as RawImage))[0]?.typicality;
    };
    const [bits] = (await modelOf(config).bitsPerDim(images[0] as RawImage)) as [number];
    expect(await typicality(bits + 1, bits + 2)).toBe(0);
    expect(await typicality(bits - 2, bits - 1)).toBe(0);
    expect(await typicality(bits - 1, bits + 1)).toBe(1);
  });

  test('has nulls where the manifest has no histogram', async () => {
    const [score] = await modelOf(config).score(flat);
    expect(score).toMatchObject({ percentile: null, typicality: null });
  });
});
