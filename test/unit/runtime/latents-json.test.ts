import { createRandom } from '@glow-onnx/flow';
import { type Latents, type LatentsJson, latentsFromJson, latentsToJson } from '@glow-onnx/runtime';
import { drawLatents, levelShapes } from '../../../packages/runtime/src/model/latents.js';
import { config, images } from '../../support/noise-images.js';
import { modelOf } from './oracle-model.js';

const model = modelOf(config);
const draw = (height = 8, width = 8): Latents =>
  drawLatents(levelShapes(config, height, width), [1, 1], createRandom(1, height + width));
const sent = (json: unknown) => JSON.parse(JSON.stringify(json));
const bits = ({ levels }: Latents) =>
  levels.map(({ data }) => [...new Uint32Array(data.buffer, data.byteOffset, data.length)]);

describe('latents as JSON', () => {
  test('come back to the last bit, through text, at any size, and decode to the same images', async () => {
    const { z, logProb } = await model.encode(images);
    const encoded = { z, logProb };
    const names = images.map((_, i) => `image ${i}`);
    const back = latentsFromJson(model, sent(latentsToJson(model, { ...encoded, names })));
    expect(back.z.map(bits)).toEqual(encoded.z.map(bits));
    expect(back).toEqual({ ...encoded, names });
    expect(await model.decode(back.z)).toEqual(await model.decode(encoded.z));
  });

  test('keep every float32: zeros of both signs, the smallest, the largest and what has no short decimal', () => {
    const z = draw();
    const special = [0, -0, 2 ** -149, -(2 ** -126), 3.4028234663852886e38, 1 / 3, Math.PI];
    z.levels[0]?.data.set(special);
    const [back] = latentsFromJson(model, sent(latentsToJson(model, { z: [z] }))).z;
    expect(bits(back as Latents)).toEqual(bits(z));
    expect(Object.is(back?.levels[0]?.data[1], -0)).toBe(true);
  });

  test('of a part of a larger buffer are that part', () => {
    const z = draw();
    const part = new Float32Array([9, ...(z.levels[0]?.data ?? []), 9]).subarray(1, -1);
    const views = { levels: z.levels.map((level, i) => (i === 0 ? { ...level, data: part } : level)) };
    expect(latentsToJson(model, { z: [views] })).toEqual(latentsToJson(model, { z: [z] }));
  });

  test('say what they are: format, version, model, shapes', () => {
    const json = latentsToJson(model, { z: [draw()] });
    expect(json).toMatchObject({ format: 'glow-latents', version: 1, precision: 'fp32' });
    expect(json.z[0]?.levels.map(({ shape }) => shape)).toEqual([
      [6, 4, 4],
      [24, 2, 2],
    ]);
    expect(JSON.stringify(json).length).toBeLessThan(192 * 4 * 1.4 + 250);
  });

  test('with 100,000 numbers fit a call', () => {
    const z = draw(8 * 32, 8 * 32);
    const [back] = latentsFromJson(model, sent(latentsToJson(model, { z: [z] }))).z;
    expect(back).toEqual(z);
  });
});

describe('JSON that is not of such latents', () => {
  const good: LatentsJson = sent(latentsToJson(model, { z: [draw()], logProb: [-1], names: ['a'] }));
  type Level = { shape: unknown; data: string };
  const altered = (change: (level: Level, json: Record<string, unknown>) => void) => {
    const json = sent(good);
    change(json.z[0].levels[0], json);
    return json;
  };
  const nan = btoa('\0\0\xc0\x7f'.repeat(96));
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'latents: expected the object that latentsToJson makes, got undefined'],
    ['null', null, 'got null'],
    ['text', JSON.stringify(good), 'got a text of'],
    ['a list', [], 'got []'],
    ['latents as they are', draw(), 'got an object { levels }'],
    [
      'another format',
      altered((_, json) => (json.format = 'x')),
      'expected the object that latentsToJson makes',
    ],
    ['a newer version', altered((_, json) => (json.version = 2)), 'latents: '],
    [
      'another model',
      altered((_, json) => (json.model = 'f'.repeat(64))),
      'belong to the model with weights ffffff',
    ],
    ['z that is no list', altered((_, json) => (json.z = { length: 1 })), 'expected the object that'],
    [
      'an image that is null',
      altered((_, json) => (json.z = [null])),
      'z[0]: expected 2 levels, got undefined',
    ],
    ['a level too few', altered((_, json) => (json.z = [{ levels: [] }])), 'z[0]: expected 2 levels, got []'],
    [
      'a level that is null',
      altered((_, json) => (json.z = [{ levels: [null, null] }])),
      'level 0 has shape undef',
    ],
    [
      'another shape',
      altered((level) => (level.shape = [6, 4, 5])),
      'level 0: expected base64 of 120 float32, 640 characters, got',
    ],
    [
      'a shape of texts',
      altered((level) => (level.shape = ['6', '4', '4'])),
      'z[0]: level 0 has shape an array of 3, expected',
    ],
    [
      'a shape that is a number',
      altered((level) => (level.shape = 5)),
      'z[0]: level 0 has shape 5, expected a list of 3 numbers',
    ],
    [
      'a shape that is an object',
      altered((level) => (level.shape = {})),
      'z[0]: level 0 has shape an empty object, expected a list of 3 numbers',
    ],
    ['a huge shape', altered((level) => (level.shape = [6, 2 ** 52, 2 ** 52])), 'z[0]'],
    ['a negative shape', altered((level) => (level.shape = [6, -4, -4])), 'z[0]'],
    [
      'numbers in decimals',
      altered((level) => (level.data = [1, 2] as never)),
      'expected base64 of 96 float32, 512 ch',
    ],
    ['a cut text', altered((level) => (level.data = level.data.slice(4))), 'got a text of 508 characters'],
    ['other letters', altered((level) => (level.data = level.data.replace(/^./, '*'))), 'expected base64'],
    ['NaN', altered((level) => (level.data = nan)), 'z[0]: level 0 holds NaN at 0; latents must be finite'],
    [
      'a density that is null',
      altered((_, json) => (json.logProb = [null])),
      'logProb must be a list of finite numbers',
    ],
    [
      'names of other images',
      altered((_, json) => (json.names = ['a', 'b'])),
      'names: expected 1, one for each image, got 2',
    ],
    [
      'names that are numbers',
      altered((_, json) => (json.names = [1])),
      'names must be a list of texts, got [1]',
    ],
  ])('is refused: %s', (_, json, message) => {
    expect(() => latentsFromJson(model, json)).toThrow(message);
  });

  test.each<[string, unknown, string]>([
    [
      'nothing',
      undefined,
      'latentsToJson: z must be a list of latents, such as encode returns, got undefined',
    ],
    ['one latent', { z: draw() }, 'got an object { levels }'],
    [
      'latents of another model',
      { z: [{ levels: [] }] },
      'latentsToJson: z[0]: expected latents with 2 levels',
    ],
    ['too few densities', { z: [draw()], logProb: [] }, 'logProb: expected 1, one for each image, got 0'],
  ])('is not written: %s', (_, latents, message) => {
    expect(() => latentsToJson(model, latents as never)).toThrow(message);
  });
});
