import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { basename, join } from 'node:path';
import sharp from 'sharp';

const root = join(__dirname, '../..');

/**
 * A folder as a reader of a page might have it, in the repository, where Node finds the packages: models/faces, the
 * faces face.png (16×16), cat.png (32×32) and dog.png (48×40), and photos/.
 */
export async function prepareFolder(page: string): Promise<string> {
  const parent = join(root, 'out/docs');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, `${basename(page, '.md')}-`));
  cpSync(join(root, 'models/faces'), join(folder, 'models/faces'), { recursive: true });
  mkdirSync(join(folder, 'photos'));
  await writeFace(0, 16, 16, join(folder, 'face.png'));
  await writeFace(1, 32, 32, join(folder, 'cat.png'));
  await writeFace(2, 48, 40, join(folder, 'dog.png'));
  for (let i = 0; i < 12; i++) await writeFace(3 + i, 16, 16, join(folder, 'photos', `${i}.png`));
  return folder;
}

/** A face of models/faces, enlarged without smoothing. */
async function writeFace(index: number, width: number, height: number, path: string): Promise<void> {
  const sheet = sharp(join(root, 'models/faces/faces.png'));
  const tile = { left: 16 * (index % 160), top: 16 * Math.floor(index / 160), width: 16, height: 16 };
  await sheet.extract(tile).resize(width, height, { fit: 'fill', kernel: 'nearest' }).png().toFile(path);
}
