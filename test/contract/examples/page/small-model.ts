import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createGlow } from '@glow-onnx/flow';
import { loadGlow, saveLatents } from '@glow-onnx/runtime';
import sharp from 'sharp';
import { randomParams } from '../../../support/random-params.js';
import { tinyConfig } from '../../../support/tiny-config.js';

const config = tinyConfig({ height: 16, width: 16, levels: 3, steps: 1, hiddenChannels: 4 });
const histogram = { from: 1, to: 9, counts: [1, 2, 4, 2, 1] };
const directions = ['Hat', 'Nose', 'Ears', 'Tail'];

/** A model folder as the page takes one, random, of the shapes of models/pixel-faces and few shaders. */
export async function writeSmallModel(out: string): Promise<void> {
  const params = randomParams(createGlow(config), 1);
  await exportModel({ config, params, initialised: true, training: { histogram } }, { out, force: true });
  const glow = await loadGlow(out);
  await mkdir(join(out, 'directions'));
  const index = [];
  for (const [i, label] of directions.entries()) {
    const [withIt, without] = await glow.sample({ count: 2, seed: i });
    const z = [await glow.attributeDirection([withIt as never], [without as never])];
    const file = `${label.toLowerCase()}.safetensors`;
    await writeFile(join(out, 'directions', file), saveLatents(glow, { z }));
    index.push({ name: label.toLowerCase(), label, fromLabel: 'without', toLabel: 'with', file });
  }
  await writeFile(join(out, 'directions/index.json'), JSON.stringify(index));
  await glow.dispose();
}

/** Brings the pictures of the page in a folder, 32×32, to the size of the small model. */
export async function halvePictures(folder: string): Promise<void> {
  const [sheet, picture] = ['pictures.json', 'pictures.png'].map((name) => join(folder, name)) as [
    string,
    string,
  ];
  const { width } = await sharp(picture).metadata();
  await writeFile(
    picture,
    await sharp(picture)
      .resize(width / 2, null, { kernel: 'nearest' })
      .png()
      .toBuffer(),
  );
  const { tile, ...others } = JSON.parse(await readFile(sheet, 'utf8'));
  await writeFile(
    sheet,
    JSON.stringify({ ...others, tile: { width: tile.width / 2, height: tile.height / 2 } }),
  );
}
