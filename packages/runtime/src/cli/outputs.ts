import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type GridOptions, imageGrid } from '../image-grid.js';
import type { RawImage } from '../images.js';
import { writePng } from '../node/images.js';

/**
 * Asked before any work is done, so that nothing is computed in vain.
 * @throws Error if a file is there and may not be overwritten.
 */
export function refuseExisting(paths: readonly string[], force: boolean): void {
  const existing = force ? undefined : paths.find((path) => existsSync(path));
  if (existing) throw new Error(`${existing} exists already; choose another --out or pass --force`);
}

/** image-000.png … in a folder. */
export function imagePaths(directory: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => join(directory, `image-${String(i).padStart(3, '0')}.png`));
}

export async function writeImages(paths: readonly string[], images: readonly RawImage[]): Promise<void> {
  for (const [i, path] of paths.entries()) await writePng(path, images[i] as RawImage);
}

/** One picture of all; small images are enlarged to about 128 pixels unless `scale` is given. */
export async function writeGrid(
  path: string,
  images: readonly RawImage[],
  { scale, ...options }: { scale?: number | undefined; columns?: number | undefined },
): Promise<void> {
  const { height, width } = images[0] as RawImage;
  const grid: GridOptions = {
    scale: scale ?? Math.max(Math.floor(128 / Math.max(height, width)), 1),
    ...(options.columns !== undefined && { columns: options.columns }),
    gap: 4,
  };
  await writePng(path, imageGrid(images, grid));
}
