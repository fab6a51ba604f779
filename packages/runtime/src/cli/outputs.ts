import { basename, extname, join, resolve } from 'node:path';
import { checkOutputs } from '../node/check-outputs.js';
import { writePng } from '../node/images.js';
import { type GridOptions, imageGrid } from '../pictures/image-grid.js';
import type { RawImage } from '../pictures/images.js';

export interface OutputFlags {
  readonly out: string;
  readonly force: boolean;
}

export interface ImageFlags extends OutputFlags {
  readonly columns?: number;
  readonly scale?: number;
}

/** Writes the images of a command, and gives their paths. An image that failed is undefined and is left out. */
export type WriteImages = (
  images: readonly (RawImage | undefined)[],
  signal: AbortSignal,
) => Promise<string[]>;

/**
 * Prepares the output at --out: one grid of all images if it is a PNG, otherwise a folder with a PNG for each name.
 * @param inputs files and folders that the command reads, which no image may replace.
 * @param flag the option that names the output.
 * @throws RangeError if two images have the same name; Error if a file exists.
 */
export function imageOutput(
  { out, force, ...grid }: ImageFlags,
  names: readonly string[],
  inputs: readonly string[],
  flag = '--out',
): WriteImages {
  if (out.toLowerCase().endsWith('.png')) {
    checkOutputs([out], inputs, force, flag);
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
    throw new RangeError(
      `${flag}: two images would be written to ${twice}; rename or leave out one of them, or pass FILE.png for one grid`,
    );
  checkOutputs(paths, inputs, force, flag);
  return async (images, signal) => {
    const there = paths.flatMap((path, i) => (images[i] ? [{ path, image: images[i] }] : []));
    for (const { path, image } of there) {
      signal.throwIfAborted();
      await writePng(path, image);
    }
    return there.map(({ path }) => path);
  };
}

/** An image as it was given, and what became of it. The results are as large, or an integer times larger. */
export interface BeforeAndAfter {
  readonly before: RawImage;
  readonly after: readonly RawImage[];
}

/**
 * Prepares the grid at --grid: a row for each image, as it was given and then its results.
 * @param names of the images that --out gets.
 * @param inputs files and folders that the command reads.
 * @throws RangeError if it is a file that --out writes; Error if it exists.
 */
export function gridOutput(
  grid: string,
  { out, force, scale }: ImageFlags,
  names: readonly string[],
  inputs: readonly string[],
): (rows: readonly BeforeAndAfter[]) => Promise<void> {
  const others = [out, ...names.map((name) => join(out, `${name}.png`))];
  if (others.some((path) => resolve(path) === resolve(grid))) {
    throw new RangeError(`--grid: ${grid} is a file that --out writes; choose another name`);
  }
  checkOutputs([grid], inputs, force, '--grid');
  return async (rows) => {
    const [first] = rows as readonly [BeforeAndAfter];
    const images = rows.flatMap(({ before, after }) => {
      const times = (after[0] as RawImage).height / before.height;
      return [times > 1 ? imageGrid([before], { scale: times }) : before, ...after];
    });
    const columns = 1 + first.after.length;
    const options = gridOptions(first.after[0] as RawImage, { columns, ...(scale && { scale }) });
    await writePng(grid, imageGrid(images, options));
  };
}

/** image-000, image-001 … */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `image-${String(i).padStart(3, '0')}`);
}

/** The name of an image file without its folder and extension. */
export function stem(path: string): string {
  return basename(path, extname(path));
}

/** By default, `scale` enlarges small images to about 128 pixels. */
export function gridOptions({ height, width }: RawImage, { scale, columns }: GridFlags): GridOptions {
  return {
    scale: scale ?? Math.max(Math.floor(128 / Math.max(height, width)), 1),
    ...(columns !== undefined && { columns }),
    gap: 4,
  };
}

type GridFlags = Pick<ImageFlags, 'columns' | 'scale'>;
