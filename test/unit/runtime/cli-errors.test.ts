import { readdir, readFile, writeFile } from 'node:fs/promises';
import { type RawImage, writePng } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { at, config, folder, glow, images, useGlowCommand, work } from '../../support/glow-command.js';
import { writeModelFixture } from '../../support/model-fixture.js';

useGlowCommand();
beforeAll(async () => {
  await glow('encode', folder, at('0.png'), at('1.png'), '--out', at('z.safetensors'));
  await writePng(at('album/0.png'), images[0] as RawImage);
});

test('latents of another model are refused by the name of their file', async () => {
  const other = await writeModelFixture(config, 18);
  await glow('encode', other.directory, at('0.png'), '--out', at('other.safetensors'));
  await other.remove();
  const { code, err } = await glow('decode', folder, at('other.safetensors'), '--out', at('foreign'));
  expect(code).toBe(1);
  expect(err).toMatch(/^glow: .*other\.safetensors: latents: they belong to the model with weights /);
});

test('nothing is overwritten without --force', async () => {
  await writeFile(at('kept.png'), 'kept');
  const sample = ['sample', folder, '--count', '1', '--out', at('kept.png')];
  expect(await glow(...sample)).toEqual({
    code: 1,
    out: '',
    err: `glow: ${at('kept.png')} exists; pass --force to replace it, or another --out\n`,
  });
  expect(await readFile(at('kept.png'), 'utf8')).toBe('kept');
  expect((await glow(...sample, '--force')).code).toBe(0);
  expect((await sharp(at('kept.png')).metadata()).format).toBe('png');
});

test.each<[string, () => string[], number, RegExp]>([
  ['an unknown command', () => ['encod'], 2, /unknown command 'encod'/],
  ['no command', () => [], 2, /Usage: glow/],
  ['a missing --out', () => ['sample', folder], 2, /required option '--out <path>' not specified/],
  [
    'a count of zero',
    () => ['sample', folder, '--out', 'x', '--count', '0'],
    2,
    /must be an integer from 1 to 1000000/,
  ],
  [
    'a mode that is none',
    () => ['interpolate', folder, 'a', 'b', '--out', 'x', '--mode', 'x'],
    2,
    /Allowed choices/,
  ],
  ['no model folder', () => ['info', at('none')], 1, /^glow: .*none: no manifest\.json found; .*\n$/],
  [
    'a missing picture',
    () => ['score', folder, at('no.png')],
    1,
    /^glow: .*no\.png: the image cannot be read: .*\n$/,
  ],
  [
    'latents that are none',
    () => ['decode', folder, at('0.png'), '--out', at('y')],
    1,
    /^glow: .*0\.png: safetensors: .*\n$/,
  ],
  [
    'a label for no classes',
    () => ['sample', folder, '--out', at('y.png'), '--label', '1'],
    1,
    /^glow: --label: this model has no classes; leave the label out\n$/,
  ],
  [
    'a height that cannot be',
    () => ['sample', folder, '--out', at('y.png'), '--height', '6'],
    1,
    /^glow: --height must be divisible by 4, got 6\n$/,
  ],
  [
    'more pictures than memory should hold',
    () => ['sample', folder, '--out', at('y.png'), '--count', '100', '--height', '4096', '--width', '4096'],
    1,
    /^glow: --count: 100 images of 4096×4096 are more than 1 GiB; draw at most 21 at once\n$/,
  ],
  ['a scale beyond bounds', () => ['sample', folder, '--out', 'x', '--scale', '65'], 2, /from 1 to 64/],
  [
    'temperatures for other levels',
    () => ['sample', folder, '--out', at('y.png'), '--temperature', '1,1,1'],
    1,
    /^glow: --temperature must be one number or 2 numbers, one for each level, got \[1, 1, 1\]\n$/,
  ],
  [
    'a level that is none',
    () => ['mix', folder, at('0.png'), at('1.png'), '--out', at('y.png'), '--levels', '2'],
    1,
    /^glow: --levels must be integers from 0, the finest, to 1, got 2\n$/,
  ],
  [
    'a precision that the folder lacks',
    () => ['sample', folder, '--out', at('y.png'), '--precision', 'fp16'],
    1,
    /^glow: .* has no precision "fp16" \(it has: fp32\)\n$/,
  ],
  [
    'a picture that is no PNG to write',
    () => ['sample', folder, '--out', at('y.jpg')],
    2,
    /'--out <path>' argument '.*y\.jpg' is invalid\. It must be FILE\.png for one grid of all images, or a folder\.\n$/,
  ],
  [
    'numbers where only images are written',
    () => ['mix', folder, at('0.png'), at('1.png'), '--levels', '1', '--out', at('y.safetensors')],
    2,
    /It must be FILE\.png for one grid of all images, or a folder\.\n$/,
  ],
  ...(
    [
      ['encode', 'safetensors'],
      ['features', 'safetensors'],
      ['calibrate', 'json'],
      ['score', 'jsonl'],
    ] as const
  ).map(([name, form]): [string, () => string[], number, RegExp] => [
    `${name} to a picture`,
    () => [name, folder, at('0.png'), '--out', at('y.PNG')],
    2,
    new RegExp(`argument '.*y\\.PNG' is invalid\\. It must be FILE\\.${form}, not an image\\.\n$`),
  ]),
  [
    'a direction to a picture',
    () => [
      'attribute',
      'find',
      folder,
      '--with',
      at('0.png'),
      '--without',
      at('1.png'),
      '--out',
      at('y.gif'),
    ],
    2,
    /It must be FILE\.safetensors, not an image\.\n$/,
  ],
  [
    'a temperature below zero',
    () => ['sample', folder, '--out', at('y.png'), '--temperature', '1,-1'],
    2,
    /It must be a number of at least 0, or one per level, separated by commas\.\n$/,
  ],
  [
    'a strength that is no number',
    () => ['attribute', 'apply', folder, 'z', at('0.png'), '--out', at('y.png'), '--strength', '1,'],
    2,
    /It must be a number, or one per level, separated by commas\.\n$/,
  ],
  [
    'two pictures of one name to write',
    () => ['reconstruct', folder, at('0.png'), at('0.png'), '--out', at('twice')],
    1,
    /^glow: --out: two images would be written to .*0\.png; rename or leave out one of them, or pass FILE\.png for one grid\n$/,
  ],
  [
    'latents of several as a direction',
    () => ['attribute', 'apply', folder, at('z.safetensors'), at('0.png'), '--out', at('y.png')],
    1,
    /^glow: .*z\.safetensors: expected a direction, got 2 latents; make a direction with glow-onnx attribute find\n$/,
  ],
])('%s is one clear line and an exit code', async (_, argv, code, message) => {
  const before = await readdir(work);
  const result = await glow(...argv());
  expect(result).toMatchObject({ code, out: '' });
  expect(result.err).toMatch(message);
  expect(await readdir(work)).toEqual(before);
});
