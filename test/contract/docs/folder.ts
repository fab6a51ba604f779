import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createGlow, encodeCheckpoint } from '@glow-onnx/flow';
import sharp from 'sharp';
import { randomParams } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';

const root = join(__dirname, '../../..');

/**
 * A folder as a reader of a page might have it, in the repository, where Node finds the packages: models/faces,
 * models/pixel-faces, examples/probe, the pictures face.png (32×32), cat.png (60×45), dog.png (400×300), wide.png (45×30)
 * and photos/, and a run's best.safetensors.
 */
export async function prepareFolder(page: string): Promise<string> {
  const parent = join(root, 'out/docs');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `${basename(page, '.md')}-`));
  for (const part of ['models/faces', 'models/pixel-faces', 'examples/probe']) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  mkdirSync(join(folder, 'photos'));
  await writeFace(0, 32, 32, join(folder, 'face.png'));
  await writeFace(1, 60, 45, join(folder, 'cat.png'));
  await writeFace(2, 400, 300, join(folder, 'dog.png'));
  await writeFace(3, 45, 30, join(folder, 'wide.png'));
  for (let i = 0; i < 12; i++) await writeFace(4 + i, 32, 32, join(folder, 'photos', `${i}.png`));
  writeCheckpoint(join(folder, 'runs/mine/best.safetensors'));
  return folder;
}

/** A face of models/faces, enlarged without smoothing. */
async function writeFace(index: number, width: number, height: number, path: string): Promise<void> {
  const sheet = sharp(join(root, 'models/faces/faces.png'));
  const tile = { left: 32 * (index % 160), top: 32 * Math.floor(index / 160), width: 32, height: 32 };
  await sheet.extract(tile).resize(width, height, { fit: 'fill', kernel: 'nearest' }).png().toFile(path);
}

function writeCheckpoint(path: string): void {
  const config = tinyConfig({ height: 32, width: 32, levels: 3, steps: 1 });
  mkdirSync(dirname(path), { recursive: true });
  const params = randomParams(createGlow(config), 1);
  writeFileSync(path, encodeCheckpoint({ config, params, initialised: true }));
}
