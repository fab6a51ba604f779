import { existsSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { writePng } from '../node/images.js';
import { type GridOptions, imageGrid } from '../pictures/image-grid.js';
import type { RawImage } from '../pictures/images.js';

export interface OutputFlags {
  readonly out: string;
  readonly force: boolean;
}

export interface PictureFlags extends OutputFlags {
  readonly columns?: number;
  readonly scale?: number;
}

/**
 * Asked before any work is done, so that nothing is computed in vain.
 * @throws Error if a file is there and may not be overwritten.
 */
export function refuseExisting(paths: readonly string[], force: boolean): void {
  const existing = force ? undefined : paths.find((path) => existsSync(path));
  if (existing) throw new Error(`${existing} exists already; choose another --out or pass --force`);
}

/** Writes pictures to where a command was told to; undefined ones failed. Gives the paths. */
export type WritePictures = (
  images: readonly (RawImage | undefined)[],
  signal: AbortSignal,
) => Promise<string[]>;

/**
 * One picture of all if --out is a PNG, else a folder with a PNG for each name.
 * @throws RangeError if --out is another kind of picture, or names repeat; Error if a file is there already.
 */
export function pictureOutput(
  { out, force, ...grid }: PictureFlags,
  names: readonly string[],
): WritePictures {
  if (/\.(jpe?g|webp|gif|bmp|tiff?|avif)$/i.test(out)) {
    throw new RangeError(`--out: ${out} is no PNG; pass FILE.png for one picture of all, or a folder`);
  }
  if (out.toLowerCase().endsWith('.png')) {
    refuseExisting([out], force);
    return async (images) => {
      const there = images.filter((image) => image !== undefined);
      await writePng(out, imageGrid(there, gridOptions(there[0] as RawImage, grid)));
      return [out];
    };
  }
  const paths = names.map((name) => join(out, `${name}.png`));
  const seen = new Set<string>();
  const twice = paths.find((path) => seen.size === seen.add(path).size);
  if (twice)
    throw new RangeError(`--out: two pictures would be ${twice}; write them to folders of their own`);
  refuseExisting(paths, force);
  return async (images, signal) => {
    const there = paths.flatMap((path, i) => (images[i] ? [{ path, image: images[i] }] : []));
    for (const { path, image } of there) {
      signal.throwIfAborted();
      await writePng(path, image);
    }
    return there.map(({ path }) => path);
  };
}

/** image-000, image-001 … */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `image-${String(i).padStart(3, '0')}`);
}

/** A picture's name without folder and extension. */
export function stem(path: string): string {
  return basename(path, extname(path));
}

/** Small images are enlarged to about 128 pixels unless `scale` is given. */
function gridOptions({ height, width }: RawImage, { scale, columns }: GridFlags): GridOptions {
  return {
    scale: scale ?? Math.max(Math.floor(128 / Math.max(height, width)), 1),
    ...(columns !== undefined && { columns }),
    gap: 4,
  };
}

type GridFlags = Pick<PictureFlags, 'columns' | 'scale'>;
