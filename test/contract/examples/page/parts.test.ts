import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifest } from '@glow-onnx/flow/manifest';
import type { Latents, RawImage } from '@glow-onnx/runtime';
import type { App } from '../../../../examples/browser/src/app.js';
import { addDirections } from '../../../../examples/browser/src/tabs/directions.js';
import { makeStrangers } from '../../../../examples/browser/src/tabs/stranger-pictures.js';
import { verdict } from '../../../../examples/browser/src/tabs/verdict.js';
import { levelShapes } from '../../../../examples/browser/src/ui/latent-picture.js';

const latents = (...levels: number[][]): Latents => ({
  levels: levels.map((data) => ({ shape: [data.length, 1, 1] as const, data: Float32Array.from(data) })),
});

test('directions add up, each times its strength, level by level', () => {
  const sum = addDirections(latents([1, 2], [3]), [
    { z: latents([10, 0], [1]), strength: 0.5 },
    { z: latents([0, 4], [8]), strength: -1 },
  ]);
  expect(sum).toEqual(latents([6, -2], [-4.5]));
});

test('at strength 0 latents stay what they are, though the direction be infinite', () => {
  const z = latents([0.1, -0], [3]);
  expect(addDirections(z, [{ z: latents([Infinity, 1], [1]), strength: 0 }])).toEqual(z);
});

describe('strangers made of a face', () => {
  const pixel = (i: number) => [i, 255 - i, (i * 7) % 256];
  const face: RawImage = {
    data: Uint8Array.from(Array.from({ length: 256 }, (_, i) => pixel(i)).flat()),
    width: 16,
    height: 16,
    channels: 3,
  };
  const firstOfPixels = ({ data }: RawImage) => [...data].filter((_, i) => i % 3 === 0);
  const run = (async () => [face]) as unknown as App['run'];
  const strangers = () => makeStrangers({ run }, face);

  test.each(['Mirrored', 'Upside down', 'Scrambled'])('%s: every pixel once, elsewhere', async (name) => {
    const moved = (await strangers()).find((stranger) => stranger.name === name)?.image as RawImage;
    const pixels = firstOfPixels(moved);
    expect([...pixels].sort((a, b) => a - b)).toEqual(firstOfPixels(face));
    expect(pixels).not.toEqual(firstOfPixels(face));
    expect([...moved.data.subarray(0, 3)]).toEqual(pixel(pixels[0] as number));
  });

  test('mirrored and upside down are what they say', async () => {
    const [mirrored, upsideDown] = await strangers();
    expect(firstOfPixels(mirrored?.image as RawImage).slice(0, 2)).toEqual([15, 14]);
    expect(firstOfPixels(upsideDown?.image as RawImage).slice(0, 2)).toEqual([240, 241]);
  });
});

test.each([
  { width: 28, height: 28, patches: 49 },
  { width: 8, height: 8, patches: 4 },
  { width: 6, height: 10, patches: 15 },
])('scrambling $width×$height pixels of any model keeps each of $patches patches once', async (size) => {
  const { width, height } = size;
  const data = Uint8Array.from({ length: width * height * 2 }, (_, i) => (i % 2 ? i >> 9 : i >> 1)); // each once
  const image: RawImage = { data, width, height, channels: 2 };
  const strangers = await makeStrangers({ run: (async () => [image]) as unknown as App['run'] }, image);
  const scrambled = strangers.find(({ name }) => name === 'Scrambled')?.image as RawImage;
  const pixelsOf = (bytes: Uint8Array) =>
    Array.from({ length: width * height }, (_, i) => bytes.slice(2 * i, 2 * i + 2).join());
  expect(pixelsOf(scrambled.data)).not.toEqual(pixelsOf(data));
  expect(pixelsOf(scrambled.data).sort()).toEqual(pixelsOf(data).sort());
});

test.each(['faces', 'pixel-faces', 'fashion-mnist'])(
  'the shapes of the latents of models/%s follow from its config',
  (name) => {
    const { config, latents } = parseManifest(
      readFileSync(join(__dirname, '../../../../models', name, 'manifest.json')),
    );
    const expected = latents.map(({ channels, downscale }) => [
      channels,
      config.height / downscale,
      config.width / downscale,
    ]);
    expect(levelShapes(config)).toEqual(expected);
  },
);

test.each([
  [1, 'Unlike the training faces', /^Less likely than all of 1,000 faces/],
  [0.999, 'Unusual', /^Less likely than nearly all of/],
  [0.98, 'Unusual', /^Less likely than 98 % of/],
  [0.7, 'Resembles the training faces', /^Less likely than 70 % of/],
  [0.3, 'Resembles the training faces', /^More likely than 70 % of/],
  [0, 'Plainer than the training faces', /^More likely than all of/],
])('a picture at percentile %p: %s', (percentile, title, text) => {
  const score = { percentile, typicality: 2 * Math.min(percentile, 1 - percentile) };
  const histogram = { from: 1, to: 2, counts: [400, 600] };
  const words = verdict({ ...score, bitsPerDim: 1, complexity: 1, excess: 0 }, histogram, 'faces');
  expect(words.title.toLowerCase()).toBe(title.toLowerCase());
  expect(words.text).toMatch(text);
});

test('without held-out scores there is no result', () => {
  const score = { bitsPerDim: 1, percentile: null, typicality: null, complexity: 1, excess: 0 };
  expect(verdict(score, undefined, 'faces').title).toBe('no result');
});
