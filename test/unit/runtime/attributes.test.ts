import { createRandom } from '@glow-onnx/flow';
import { pixelToBin } from '@glow-onnx/flow/internal';
import type { GlowModel, Latents, RawImage } from '@glow-onnx/runtime';
import { tinyConfig } from '../../support/tiny-config.js';
import { modelOf } from './oracle-model.js';

const config = tinyConfig({ channels: 3, levels: 2, bits: 5 });
const model = modelOf(config);

function picture(index: number, height = 8, width = 8): RawImage {
  const random = createRandom(6, index);
  const data = Uint8Array.from({ length: height * width * 3 }, () => random.below(256));
  return { data, height, width, channels: 3 };
}
const pictures = [0, 1, 2, 3, 4].map((i) => picture(i)) as [RawImage, RawImage, RawImage, RawImage, RawImage];
const bins = (image: RawImage) => [...image.data].map((pixel) => pixelToBin(pixel, 5));
const values = ({ levels }: Latents) => levels.flatMap(({ data }) => [...data]);
const mean = (lists: readonly number[][]) =>
  (lists[0] as number[]).map(
    (_, i) => lists.reduce((sum, list) => sum + (list[i] as number), 0) / lists.length,
  );

describe('attributeDirection', () => {
  test('is the difference of the mean latents, whatever the batch size', async () => {
    const { z } = await model.encode(pictures);
    const [withIt, without] = [mean(z.slice(0, 2).map(values)), mean(z.slice(2).map(values))];
    const expected = withIt.map((value, i) => Math.fround(value - (without[i] as number)));
    const direction = await model.attributeDirection(pictures.slice(0, 2), pictures.slice(2));
    expect(direction.levels.map(({ shape }) => shape)).toEqual([
      [6, 4, 4],
      [24, 2, 2],
    ]);
    for (const [i, value] of values(direction).entries()) expect(value).toBeCloseTo(expected[i] as number, 6);
    const single = modelOf(config, { batchSize: 1 });
    expect(await single.attributeDirection(pictures.slice(0, 2), pictures.slice(2))).toEqual(direction);
    expect(await model.attributeDirection(z.slice(0, 2), pictures.slice(2))).toEqual(direction);
  });

  test('leads from one of two pictures to the other', async () => {
    const [a, b] = pictures;
    const direction = await model.attributeDirection(b, a);
    const [there] = await model.applyAttribute(a, direction, 1);
    const [back] = await model.applyAttribute(there as RawImage, direction, -1);
    expect(bins(there as RawImage)).toEqual(bins(b));
    expect(bins(back as RawImage)).toEqual(bins(a));
  });

  test('needs pictures on both sides', async () => {
    const [a] = pictures;
    await expect(model.attributeDirection([], a)).rejects.toThrow(
      'attributeDirection: withIt: expected at least one image',
    );
    await expect(model.attributeDirection(a, [])).rejects.toThrow('without: expected at least one');
  });
});

describe('applyAttribute', () => {
  let direction: Latents;
  beforeAll(async () => {
    direction = await model.attributeDirection(pictures.slice(0, 2), pictures.slice(2));
  });

  test('with strength 0 gives every pixel back to its bin', async () => {
    const images = await model.applyAttribute(pictures, direction, 0);
    expect(images.map(bins)).toEqual(pictures.map(bins));
  });

  test('decodes latents that moved along the direction', async () => {
    const { z } = await model.encode(pictures);
    const moved = z.map(({ levels }) => ({
      levels: levels.map(({ shape, data }, level) => ({
        shape,
        data: data.map((value, i) => value + 1.5 * (direction.levels[level]?.data[i] as number)),
      })),
    }));
    const expected = await model.decode(moved);
    expect(await model.applyAttribute(pictures, direction, 1.5)).toEqual(expected);
    expect(await model.applyAttribute(z, direction, 1.5)).toEqual(expected);
    const mixed = [pictures[0], z[1] as Latents, pictures[2]];
    expect(await model.applyAttribute(mixed, direction, 1.5)).toEqual(expected.slice(0, 3));
  });

  test('takes a strength per level', async () => {
    const { z } = await model.encode(pictures[0]);
    const { levels } = z[0] as Latents;
    const top = levels[1]?.data.map((value, i) => value + 2 * (direction.levels[1]?.data[i] as number));
    const expected = await model.decode({
      levels: [levels[0], { ...levels[1], data: top }] as Latents['levels'],
    });
    expect(await model.applyAttribute(pictures[0], direction, [0, 2])).toEqual(expected);
  });

  test('survives structured clones, as between a page and its worker', async () => {
    const cloned = structuredClone(direction);
    expect(await model.applyAttribute(pictures, cloned, 1)).toEqual(
      await model.applyAttribute(pictures, direction, 1),
    );
  });

  test.each<[string, (model: GlowModel) => Promise<unknown>, string]>([
    [
      'latents of another size',
      async (m) => m.applyAttribute((await m.encode(picture(0, 4, 8), { fit: 'none' })).z, direction, 1),
      'applyAttribute: latents of an image of 4×8, expected 8×8 as of the direction; encode their images at one size',
    ],
    [
      'a direction that is none',
      (m) => m.applyAttribute(pictures, {} as Latents, 1),
      'applyAttribute: direction: expected latents with 2 levels',
    ],
    [
      'a strength that is NaN',
      (m) => m.applyAttribute(pictures, direction, Number.NaN),
      'applyAttribute: strength must be a finite number, got NaN',
    ],
    [
      'strengths for other levels',
      (m) => m.applyAttribute(pictures, direction, [1, 2, 3]),
      'strength must be one number or 2 numbers, one for each level, got 1,2,3',
    ],
  ])('%s is refused', async (_, call, message) => {
    await expect(call(model)).rejects.toThrow(message);
  });
});

describe('mix', () => {
  const [a, b] = pictures;

  test('of no level is a, of all is b', async () => {
    expect(bins(await model.mix(a, b, []))).toEqual(bins(a));
    expect(bins(await model.mix(a, b, [0, 1]))).toEqual(bins(b));
  });

  test("takes the named levels of b's latents, of pictures or latents", async () => {
    const { z } = await model.encode([a, b]);
    const levels = [z[0]?.levels[0], z[1]?.levels[1]] as Latents['levels'];
    const [expected] = await model.decode({ levels });
    expect(await model.mix(a, b, [1])).toEqual(expected);
    expect(await model.mix(z[0] as Latents, b, [1])).toEqual(expected);
  });
});

test('interpolate at one level ends at the mix', async () => {
  const [a, b] = pictures;
  for (const mode of ['linear', 'spherical'] as const) {
    const path = await model.interpolate(a, b, { steps: 3, mode, levels: [1] });
    expect(bins(path[0] as RawImage)).toEqual(bins(a));
    expect(path[2]).toEqual(await model.mix(a, b, [1]));
  }
});
