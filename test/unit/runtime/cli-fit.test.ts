import { mkdir, writeFile } from 'node:fs/promises';
import { type RawImage, writePng } from '@glow-onnx/runtime/node';
import sharp from 'sharp';
import { at, folder, glow, images, pixels, useGlowCommand } from '../../support/glow-command.js';
import { phonePhoto, phonePhotoFitted } from '../../support/phone-photo.js';

useGlowCommand();
const note = () => `glow: ${at('cat.jpg')}: 400×300 → 8×8 (cover)\n`;
const fitted = () => [{ image: at('cat.jpg'), ...phonePhotoFitted(8) }];

beforeAll(async () => {
  await writeFile(at('cat.jpg'), await phonePhoto(sharp));
});

test.each([
  ['encode', () => [at('cat.jpg'), '--out', at('cat.safetensors')]],
  ['reconstruct', () => [at('cat.jpg'), '--out', at('seen')]],
  ['score', () => [at('cat.jpg'), '--draws', '1']],
  ['interpolate', () => [at('cat.jpg'), at('0.png'), '--steps', '3', '--out', at('morph.png')]],
  ['mix', () => [at('0.png'), at('cat.jpg'), '--levels', '1', '--out', at('mixed')]],
  [
    'attribute find',
    () => ['--with', at('0.png'), '--without', at('cat.jpg'), '--out', at('cat-ness.safetensors')],
  ],
  ['attribute apply', () => [at('cat-ness.safetensors'), at('cat.jpg'), '--out', at('edited')]],
])('%s takes the photo of a phone, and says what was done to it', async (command, args) => {
  const { code, out, err } = await glow(...command.split(' '), folder, ...args(), '--json');
  expect([code, err]).toEqual([0, note()]);
  expect(JSON.parse(out).fitted).toEqual(fitted());
});

test('--fit none keeps the size, or names cover', async () => {
  await writePng(at('odd.png'), { data: new Uint8Array(30 * 32), height: 30, width: 32, channels: 1 });
  expect(await glow('score', folder, at('odd.png'), '--fit', 'none')).toEqual({
    code: 1,
    out: '',
    err: `glow: ${at('odd.png')}: image 30×32 cannot pass 2 levels: height must be divisible by 4; pass --fit cover, resize, crop or pad\n`,
  });
  await writePng(at('large.png'), { data: new Uint8Array(24 * 32 * 3), height: 24, width: 32, channels: 3 });
  const flags = ['--fit', 'none', '--out', at('large'), '--force'];
  expect(await glow('reconstruct', folder, at('large.png'), ...flags)).toMatchObject({ code: 0, err: '' });
  expect(await sharp(at('large/large.png')).metadata()).toMatchObject({ height: 24, width: 32 });
});

test('after three images, the others are counted', async () => {
  await mkdir(at('many'));
  for (let i = 0; i < 5; i++)
    await writePng(at(`many/${i}.png`), { ...(images[0] as RawImage), height: 16, width: 4 });
  const { err } = await glow('score', folder, at('many'), '--draws', '1');
  const lines = [0, 1, 2].map((i) => `glow: ${at(`many/${i}.png`)}: 16×4 → 8×8 (cover)\n`);
  expect(err).toBe(`${lines.join('')}glow: 2 more images were brought to another size\n`);
});

test('a photo on its side is seen upright', async () => {
  const upright = sharp(await sharp(at('cat.jpg')).autoOrient().png().toBuffer());
  await upright.toFile(at('upright.png'));
  const draw = async (name: string, out: string) => {
    await glow('reconstruct', folder, at(name), '--out', at(out));
    return pixels(at(`${out}/${name.split('.')[0]}.png`));
  };
  expect(await draw('cat.jpg', 'one')).toEqual(await draw('upright.png', 'two'));
});
