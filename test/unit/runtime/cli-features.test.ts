import { readFile, writeFile } from 'node:fs/promises';
import { createRandom } from '@glow-onnx/flow';
import { encodeSafetensors, parseSafetensors } from '@glow-onnx/flow/internal';
import { loadGlow, writePng } from '@glow-onnx/runtime/node';
import { at, config, folder, glow, images, model, useGlowCommand } from '../../support/glow-command.js';
import { writeModelFixture } from '../../support/model-fixture.js';
import { tinyConfig } from '../../support/tiny-config.js';

useGlowCommand();

/** The features in a file, image by image, and its metadata. */
async function readFeatures(name: string) {
  const { tensors, metadata } = parseSafetensors(await readFile(at(name)));
  expect(Object.keys(tensors)).toEqual(['features']);
  const { shape, dtype, data } = tensors.features as { shape: number[]; dtype: string; data: Float32Array };
  const size = data.length / (shape[0] as number);
  return {
    shape,
    dtype,
    metadata,
    rows: Array.from({ length: shape[0] as number }, (_, i) => [...data.slice(i * size, (i + 1) * size)]),
  };
}

test('features writes what the call gives, with names and model', async () => {
  const out = ['--out', at('f.safetensors')];
  const paths = [at('0.png'), at('1.png')];
  const { code, err, out: said } = await glow('features', folder, ...paths, ...out, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const shape = [2, config.levels * config.steps, config.hiddenChannels, 2, 2];
  expect(JSON.parse(said)).toEqual({
    ...{ out: at('f.safetensors'), shape, images: paths },
    fitted: [],
    leftOut: [],
  });
  const file = await readFeatures('f.safetensors');
  expect(file).toMatchObject({ shape, dtype: 'F32' });
  expect(file.rows).toEqual((await model.features(images)).map(({ data }) => [...data]));
  await glow('encode', folder, ...paths, '--out', at('z.safetensors'));
  const { metadata } = parseSafetensors(await readFile(at('z.safetensors')));
  expect(file.metadata).toEqual({ ...metadata, format: 'glow-features' }); // version, model, precision, images
});

test('an image that fails is named and left out, the others are written', async () => {
  await writeFile(at('bad.png'), 'no picture');
  const paths = [at('0.png'), at('bad.png'), at('1.png')];
  const { code, out, err } = await glow('features', folder, ...paths, '--out', at('two.safetensors'));
  expect(code).toBe(1);
  expect(out).toBe(`wrote features of 2 images to ${at('two.safetensors')}: 2×4×8×2×2\n`);
  expect(err).toContain('bad.png');
  const { metadata, rows } = await readFeatures('two.safetensors');
  expect(JSON.parse(metadata.images as string)).toEqual([at('0.png'), at('1.png')]);
  expect(rows).toHaveLength(2);
});

test('images of all sizes share a file, and --fit none keeps theirs', async () => {
  await writePng(at('wide.png'), { width: 16, height: 8, channels: 3, data: new Uint8Array(384).fill(70) });
  const flags = ['--out', at('wide.safetensors'), '--fit', 'none'];
  const { code, err } = await glow('features', folder, at('0.png'), at('wide.png'), ...flags);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const [, wide] = await model.features([at('0.png'), at('wide.png')], { fit: 'none' });
  expect((await readFeatures('wide.safetensors')).rows[1]).toEqual([...(wide?.data ?? [])]);
});

test('feature maps have features too', async () => {
  const numbers = await writeModelFixture(tinyConfig({ bits: 0, channels: 5 }), 33);
  const { normal } = createRandom(31);
  const data = Float32Array.from({ length: 640 }, normal);
  const shape = [2, 5, 8, 8];
  await writeFile(at('x.safetensors'), encodeSafetensors({ x: { dtype: 'F32', shape, data } }));
  const { code } = await glow(
    'features',
    numbers.directory,
    at('x.safetensors'),
    '--out',
    at('fx.safetensors'),
  );
  expect(code).toBe(0);
  await using loaded = await loadGlow(numbers.directory);
  const maps = [0, 1].map((i) => ({ shape: [5, 8, 8] as const, data: data.slice(i * 320, (i + 1) * 320) }));
  const { rows } = await readFeatures('fx.safetensors');
  expect(rows).toEqual((await loaded.features(maps)).map((own) => [...own.data]));
  await numbers.remove();
});

test.each<[string, () => string[], number, RegExp]>([
  ['a missing --out', () => [at('0.png')], 2, /required option '--out <file>' not specified/],
  ['no image', () => ['--out', at('y.safetensors')], 2, /missing required argument 'images'/],
  [
    'a label',
    () => [at('0.png'), '--out', at('y.safetensors'), '--label', 'a'],
    2,
    /unknown option '--label'/,
  ],
  [
    'a missing image',
    () => [at('no.png'), '--out', at('y.safetensors')],
    1,
    /^glow: .*no\.png: the image cannot be read: /,
  ],
  [
    'a file that is there',
    () => [at('0.png'), '--out', at('there.safetensors')],
    1,
    /^glow: .*there\.safetensors exists; pass --force/,
  ],
  [
    'an image as --out',
    () => [at('0.png'), '--out', at('0.png'), '--force'],
    2,
    /It must be FILE\.safetensors, not an image\.\n$/,
  ],
  [
    'a tensor of no file',
    () => [at('0.png'), '--out', at('y.safetensors'), '--tensor', 'x'],
    1,
    /^glow: --tensor: x is in no file/,
  ],
])('says what is wrong with %s, and writes nothing', async (_, args, code, message) => {
  await writeFile(at('there.safetensors'), 'there');
  const before = await readFile(at('0.png'));
  const outcome = await glow('features', folder, ...args());
  expect(outcome.code).toBe(code);
  expect(outcome.err).toMatch(message);
  expect(await readFile(at('0.png'))).toEqual(before);
  await expect(readFile(at('y.safetensors'))).rejects.toThrow('ENOENT');
});
