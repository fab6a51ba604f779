import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GlowModel, loadGlow, type RawImage } from '@glow-onnx/runtime';
import sharp from 'sharp';

const models = join(__dirname, '../../../models');
const names = readdirSync(models).filter((name) => existsSync(join(models, name, 'manifest.json')));
/** Images in the upper row of `reconstructions.png`. */
const SHOWN = 12;

describe.each(names)('models/%s', (name) => {
  const folder = join(models, name);
  let glow: GlowModel;
  let images: RawImage[];

  beforeAll(async () => {
    glow = await loadGlow(folder, { device: 'cpu', threads: 1 });
    images = await originals(join(folder, 'reconstructions.png'), glow);
  });
  afterAll(() => glow.dispose());

  test('passes its own golden images, encodes held-out images and decodes them to the same pixels', async () => {
    expect(new Set(images.map(({ data }) => data.join())).size).toBe(SHOWN);
    const anyClass = glow.config.classes > 0 ? { label: 0 } : {}; // it changes no pixel
    for (const [i, image] of (await glow.reconstruct(images, anyClass)).entries()) {
      expect(image.data).toEqual(images[i]?.data);
    }
  });

  test('takes about as many bits for them as its card says', async () => {
    const card = await readFile(join(folder, 'README.md'), 'utf8');
    const [, stated] = /\*\*([\d.]+) bits\/dim\*\*/.exec(card) ?? [];
    const scores = await fewestBits(glow, images);
    const found = scores.reduce((sum, score) => sum + score, 0) / SHOWN;
    // Images differ: one of a hundred takes twice the mean. Noise would take all the bits.
    expect(found / Number(stated)).toBeGreaterThan(0.6);
    expect(found / Number(stated)).toBeLessThan(1.6);
  });

  test('is at most 12 MB of graphs and weights', () => {
    const bytes = glow.manifest.files
      .filter(({ path }) => path.startsWith('onnx/'))
      .reduce((sum, file) => sum + file.bytes, 0);
    expect(bytes).toBeLessThan(12e6);
  });
});

/** Bits/dim of each image, those of the likeliest class if the model has classes: the test knows no labels. */
async function fewestBits(glow: GlowModel, images: RawImage[]): Promise<number[]> {
  const { classes } = glow.config;
  const options = { draws: 4, seed: 1 };
  if (classes === 0) return glow.bitsPerDim(images, options);
  const all: number[][] = [];
  for (let label = 0; label < classes; label++)
    all.push(await glow.bitsPerDim(images, { ...options, label }));
  return images.map((_, i) => Math.min(...all.map((scores) => scores[i] as number)));
}

/** The upper row of a grid of two, whose gaps are as wide as one of its enlarged pixels. */
async function originals(path: string, { config }: GlowModel): Promise<RawImage[]> {
  const { channels, height, width } = config;
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const scale = info.height / (2 * height + 1);
  return Array.from({ length: SHOWN }, (_, i) => {
    const left = i * (width + 1);
    const value = (_: unknown, k: number): number => {
      const pixel = Math.floor(k / channels);
      const [y, x] = [Math.floor(pixel / width) * scale, (left + (pixel % width)) * scale];
      return data[(y * info.width + x) * info.channels + (k % channels)] as number;
    };
    return { data: Uint8Array.from({ length: height * width * channels }, value), height, width, channels };
  });
}
