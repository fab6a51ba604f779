import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSafetensors } from '@glow-onnx/flow/internal';
import type { RawImage } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { at, bins, folder, glow, images, model, pixels, useGlowCommand } from '../../support/glow-command.js';

useGlowCommand();

test('encode and decode give the same pixels back', async () => {
  const encoded = await glow(
    'encode',
    folder,
    at('0.png'),
    at('1.png'),
    '--out',
    at('z.safetensors'),
    '--json',
  );
  expect(encoded).toMatchObject({ code: 0, err: '' });
  const { logProb } = await model.encode(images);
  expect(JSON.parse(encoded.out).images).toEqual([
    { image: at('0.png'), logProb: logProb[0] },
    { image: at('1.png'), logProb: logProb[1] },
  ]);
  const { tensors, metadata } = parseSafetensors(await readFile(at('z.safetensors')));
  expect(Object.entries(tensors).map(([name, { shape }]) => [name, shape])).toEqual([
    ['log_prob', [2]],
    ['z0', [2, 6, 4, 4]],
    ['z1', [2, 24, 2, 2]],
  ]);
  expect(JSON.parse(metadata.images as string)).toEqual([at('0.png'), at('1.png')]);

  const decoded = await glow('decode', folder, at('z.safetensors'), '--out', at('decoded'));
  expect(decoded).toEqual({ code: 0, err: '', out: `wrote 2 images to ${at('decoded')}\n` });
  for (const [i, { data }] of images.entries()) {
    expect(bins(await pixels(at(`decoded/image-00${i}.png`)))).toEqual(bins(data));
  }
});

test("decode takes the model folder's golden file", async () => {
  const { code } = await glow('decode', folder, join(folder, 'golden.safetensors'), '--out', at('golden'));
  expect(code).toBe(0);
});

test('sample writes one picture, enlarged, or a folder of plain ones', async () => {
  const flags = ['--count', '3', '--seed', '5', '--temperature', '0.8'];
  expect((await glow('sample', folder, ...flags, '--out', at('grid.png'), '--columns', '3')).code).toBe(0);
  // 8 pixels enlarged to 128, twice a gap of 4.
  expect(await sharp(at('grid.png')).metadata()).toMatchObject({
    width: 3 * 128 + 8,
    height: 128,
    channels: 3,
  });
  const { code, out } = await glow('sample', folder, ...flags, '--out', at('samples'), '--json');
  expect(code).toBe(0);
  const { images: paths } = JSON.parse(out);
  const expected = await model.sample({ count: 3, seed: 5, temperature: 0.8 });
  expect(paths).toHaveLength(3);
  for (const [i, path] of paths.entries())
    expect(await pixels(path)).toEqual(Buffer.from((expected[i] as RawImage).data));
});

test('interpolate draws a strip whose ends are the pictures', async () => {
  const flags = ['--steps', '3', '--scale', '1', '--mode', 'spherical', '--out', at('strip.png')];
  expect(await glow('interpolate', folder, at('0.png'), at('1.png'), ...flags)).toMatchObject({
    code: 0,
    err: '',
  });
  const width = 3 * 8 + 2 * 4;
  expect(await sharp(at('strip.png')).metadata()).toMatchObject({ width, height: 8 });
  const part = (left: number) =>
    sharp(at('strip.png')).extract({ left, top: 0, width: 8, height: 8 }).raw().toBuffer();
  expect(bins(await part(0))).toEqual(bins(images[0]?.data as Uint8Array));
  expect(bins(await part(width - 8))).toEqual(bins(images[1]?.data as Uint8Array));
});

test('score tells what the model and a compressor make of pictures, for people and for scripts', async () => {
  const scores = await model.score(images, { draws: 2, seed: 3 });
  const bitsPerDim = scores.map((each) => each.bitsPerDim) as [number, number];
  const flags = ['--draws', '2', '--seed', '3'];
  const { out } = await glow('score', folder, at('0.png'), at('1.png'), ...flags, '--json');
  expect(JSON.parse(out)).toEqual({
    draws: 2,
    bound: 'mean',
    seed: 3,
    mean: (bitsPerDim[0] + bitsPerDim[1]) / 2,
    images: scores.map((score, i) => ({ image: at(`${i}.png`), ...score })),
    fitted: [],
    leftOut: [],
  });
  const table = (await glow('score', folder, at('0.png'), at('1.png'), ...flags)).out.split('\n');
  expect(table[0]).toMatch(/^image +bits\/dim +percentile +typicality +complexity +excess$/);
  expect(table[1]).toContain(bitsPerDim[0].toFixed(4));
  expect(table[1]).toMatch(/ - +- /);
  expect(table[3]).toMatch(/^mean +\d+\.\d{4}$/);
  expect(table[5]).toBe('bits/dim: mean of 2 draws of noise');
  expect(table[6]).toBe('this model has no training histogram, so percentile and typicality are unknown');
});

test('score --bound importance is the lower bound, and says so', async () => {
  const flags = ['--draws', '2', '--seed', '3', '--bound', 'importance'];
  const [{ bitsPerDim }] = await model.score(at('0.png'), { draws: 2, seed: 3, bound: 'importance' });
  const { out } = await glow('score', folder, at('0.png'), ...flags, '--json');
  expect(JSON.parse(out)).toMatchObject({ bound: 'importance', mean: bitsPerDim });
  const table = (await glow('score', folder, at('0.png'), ...flags)).out.split('\n');
  expect(table[1]).toContain(bitsPerDim.toFixed(4));
  expect(table[3]).toBe('bits/dim: importance-weighted bound of 2 draws of noise');
});

test('mix takes levels of the second picture', async () => {
  const flags = ['--levels', '1', '--out', at('mixed')];
  expect(await glow('mix', folder, at('0.png'), at('1.png'), ...flags)).toMatchObject({ code: 0, err: '' });
  const { data } = await model.mix(at('0.png'), at('1.png'), [1]);
  expect(await pixels(at('mixed/0.png'))).toEqual(Buffer.from(data));
});
