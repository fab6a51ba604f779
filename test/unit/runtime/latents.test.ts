import { createRandom } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/safetensors';
import { loadLatents, saveLatents } from '@glow-onnx/runtime';
import {
  addDirection,
  checkLatents,
  drawLatents,
  type Latents,
  latentPath,
  levelShapes,
  mixLatents,
} from '../../../packages/runtime/src/model/latents.js';
import { bareManifest } from '../../support/oracle.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig({ channels: 3, levels: 2 });
const draw = (index: number, height = 8, width = 8): Latents =>
  drawLatents(levelShapes(config, height, width), [1, 1], createRandom(1, index));
const vector = (...values: number[]): Latents => ({
  levels: [{ shape: [values.length, 1, 1], data: Float32Array.from(values) }],
});
const values = ({ levels }: Latents) => levels.flatMap(({ data }) => [...data]);

test('latents are drawn as float64 normals in the order z0 … and then rounded', () => {
  const random = createRandom(7, 3);
  const expected = Array.from({ length: 3 * 8 * 8 }, () => Math.fround(0.5 * random.normal()));
  const drawn = drawLatents(levelShapes(config, 8, 8), [0.5, 0.5], createRandom(7, 3));
  expect(drawn.levels.map(({ shape }) => shape)).toEqual([
    [6, 4, 4],
    [24, 2, 2],
  ]);
  expect(values(drawn)).toEqual(expected);
});

describe('checkLatents', () => {
  test('tells the size of the image', () => {
    expect(checkLatents(config, draw(0, 12, 8), 'decode')).toEqual({ height: 12, width: 8 });
  });

  const [z0, z1] = draw(0).levels as [Latents['levels'][number], Latents['levels'][number]];
  const nan = { ...z1, data: Float32Array.from(z1.data, (v, i) => (i === 5 ? Number.NaN : v)) };
  test.each<[string, unknown, RegExp]>([
    ['one level too few', { levels: [z0] }, /decode: expected latents with 2 levels, got 1 levels/],
    ['nothing', undefined, /decode: expected latents with 2 levels, got undefined/],
    ['a missing level', { levels: [z0, undefined] }, /level 1 has shape \[\], expected \[24, 2, 2\]/],
    ['levels swapped', { levels: [z1, z0] }, /level 0 has shape \[24, 2, 2\], expected \[6, 2, 2\]/],
    ['a batch axis', { levels: [{ ...z0, shape: [1, 6, 4, 4] }, z1] }, /level 0 has shape/],
    ['an odd size', { levels: [{ shape: [6, 3, 4], data: z0.data.slice(24) }, z1] }, /level 1 has shape/],
    [
      'data too short',
      { levels: [z0, { ...z1, data: z1.data.slice(1) }] },
      /level 1 must hold .* 96 numbers, got 95/,
    ],
    [
      'no pixels',
      { levels: [z0, z1].map(({ shape }) => ({ shape: [shape[0], 0, 0], data: new Float32Array() })) },
      /level 0 has shape \[6, 0, 0\]/,
    ],
    ['plain arrays', { levels: [z0, { ...z1, data: [...z1.data] }] }, /must hold a Float32Array/],
    ['NaN', { levels: [z0, nan] }, /level 1 holds NaN at 5; latents must be finite/],
  ])('refuses %s', (_, latents, message) => {
    expect(() => checkLatents(config, latents as Latents, 'decode')).toThrow(message);
  });
});

describe('latentPath', () => {
  test.each(['linear', 'spherical'] as const)('%s starts and ends at the very latents', (mode) => {
    const [a, b] = [draw(0), draw(1)];
    const path = latentPath(a, b, 5, mode);
    expect(path).toHaveLength(5);
    expect(path[0]).toBe(a);
    expect(path[4]).toEqual(b);
  });

  test('linear goes straight', () => {
    expect(values(latentPath(vector(0, 2), vector(4, -2), 5, 'linear')[1] as Latents)).toEqual([1, 1]);
  });

  test('spherical turns at an even pace and keeps the length', () => {
    const path = latentPath(vector(3, 0), vector(0, 3), 4, 'spherical').map(values);
    for (const [i, [x, y]] of (path as [number, number][]).entries()) {
      expect(Math.hypot(x, y)).toBeCloseTo(3, 5);
      expect((Math.atan2(y, x) * 180) / Math.PI).toBeCloseTo(30 * i, 4);
    }
  });

  test('spherical between parallel or zero latents is linear', () => {
    expect(values(latentPath(vector(1, 1), vector(3, 3), 3, 'spherical')[1] as Latents)).toEqual([2, 2]);
    expect(values(latentPath(vector(0, 0), vector(2, 4), 3, 'spherical')[1] as Latents)).toEqual([1, 2]);
  });
});

describe('at chosen levels', () => {
  const two = (a: number[], b: number[]): Latents => ({
    levels: [...vector(...a).levels, ...vector(...b).levels],
  });
  const [a, b] = [two([3, 0], [1, 1]), two([0, 3], [5, 3])];

  test('a path moves those alone, whatever the others are', () => {
    const linear = latentPath(a, b, 3, 'linear', [1]).map(values);
    expect(linear).toEqual([
      [3, 0, 1, 1],
      [3, 0, 3, 2],
      [3, 0, 5, 3],
    ]);
    const [, middle] = latentPath(a, b, 3, 'spherical', [0]).map(values) as [number[], number[]];
    // A quarter turn of length 3, half way: 3/√2 each.
    expect(middle[0]).toBeCloseTo(3 / Math.SQRT2, 5);
    expect(middle[1]).toBeCloseTo(3 / Math.SQRT2, 5);
    expect(middle.slice(2)).toEqual([1, 1]);
  });

  test('a mix takes those from the other', () => {
    expect(values(mixLatents(a, b, [0]))).toEqual([0, 3, 1, 1]);
    expect(values(mixLatents(a, b, []))).toEqual(values(a));
    expect(values(mixLatents(a, b, [1, 0]))).toEqual(values(b));
  });

  test('a direction is added by its strengths', () => {
    expect(values(addDirection(a, b, [0, -0.5]))).toEqual([3, 0, -1.5, -0.5]);
  });
});

describe('latents in a file', () => {
  const z = [draw(0), draw(1), draw(2)];
  const file = { names: ['a.png', 'b.png', 'c.png'], z, logProb: [1, 2, 3] };
  const manifestOf = (sha256: string, of = config) => ({
    ...bareManifest(of),
    variants: { fp32: { encode: 'e.onnx', decode: 'd.onnx', weights: 'w.bin' } },
    files: [{ path: 'w.bin', bytes: 1, sha256 }],
  });
  const modelOf = (sha256: string, of = config) => ({
    config: of,
    manifest: manifestOf(sha256, of),
    precision: 'fp32' as const,
  });
  const model = modelOf('a'.repeat(64));

  test('come back as they were, with what was known of them', () => {
    expect(loadLatents(model, saveLatents(model, file))).toEqual(file);
    expect(loadLatents(model, saveLatents(model, { z }))).toEqual({ z });
  });

  test('are readable as z0, z1 and log_prob, and say whose they are', () => {
    const { tensors, metadata } = parseSafetensors(saveLatents(model, file));
    expect(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ['log_prob', 'F32', [3]],
      ['z0', 'F32', [3, 6, 4, 4]],
      ['z1', 'F32', [3, 24, 2, 2]],
    ]);
    expect(metadata).toEqual({
      format: 'glow-latents',
      version: '1',
      model: 'a'.repeat(64),
      precision: 'fp32',
      images: '["a.png","b.png","c.png"]',
    });
  });

  test('of another model are refused, of no named one they are taken', () => {
    const bytes = saveLatents(modelOf('b'.repeat(64)), file);
    expect(() => loadLatents(model, bytes)).toThrow(
      'latents: they belong to the model with weights bbbbbbbbbbbb… (fp32), this model has aaaaaaaaaaaa… (fp32); ' +
        'load that model, or encode the images again',
    );
    const { tensors } = parseSafetensors(bytes);
    expect(loadLatents(model, encodeSafetensors(tensors))).toEqual({ z, logProb: file.logProb });
  });

  test('of a model whose graphs hold the weights are known by its encode graph', () => {
    const single = (sha256: string) => ({
      ...model,
      manifest: {
        ...model.manifest,
        variants: { fp32: { encode: 'e.onnx', decode: 'd.onnx', weights: null } },
        files: [{ path: 'e.onnx', bytes: 1, sha256 }],
      },
    });
    const bytes = saveLatents(single('c'.repeat(64)), file);
    expect(loadLatents(single('c'.repeat(64)), bytes)).toEqual(file);
    expect(() => loadLatents(single('d'.repeat(64)), bytes)).toThrow('weights cccccccccccc…');
  });

  test('are refused unless they are one size, and lists one each', () => {
    const mixed = [draw(0), draw(1), draw(2, 12, 8)];
    expect(() => saveLatents(model, { ...file, z: mixed })).toThrow('c.png and a.png differ in size');
    expect(() => saveLatents(model, { z: mixed })).toThrow('z[2] and z[0] differ in size');
    expect(() => saveLatents(model, { z: [] })).toThrow('expected the latents of at least one image');
    expect(() => saveLatents(model, { z, names: ['a'] })).toThrow(
      'names: expected 3, one for each image, got 1',
    );
  });

  test('that do not fit the model are refused by level', () => {
    const { tensors } = parseSafetensors(saveLatents(model, file));
    const grey = tinyConfig({ channels: 1, levels: 2 });
    expect(() => loadLatents(modelOf('a', grey), encodeSafetensors(tensors))).toThrow(
      'latents: z0: expected F32 [3, 2, 4, 4] for this model, got F32 [3, 6, 4, 4]',
    );
    const empty = (shape: number[]) => ({ dtype: 'F32' as const, shape, data: new Float32Array() });
    const nothing = encodeSafetensors({ z0: empty([1e9, 6, 0, 0]), z1: empty([1e9, 24, 0, 0]) });
    expect(() => loadLatents(model, nothing)).toThrow('got F32 [1000000000, 6, 0, 0]');
    expect(() => loadLatents(model, encodeSafetensors({}))).toThrow('z0: expected F32 [images, channels');
  });
});
