import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type GlowConfig, tensor } from '@glow-onnx/flow';
import { readImages } from '@glow-onnx/runtime/node';
import { type Images, labelsFor } from './reference.js';

/** The float64 interpreter takes seconds for each image. */
const MAX_IMAGES = 8;

/**
 * Reads at most eight golden images from image files and from folders, whose files are sorted by name. `found` counts
 * all image files.
 * @throws Error if no image is found or an image cannot be read. @throws RangeError if sizes differ.
 */
export async function goldenImages(
  config: GlowConfig,
  paths: readonly string[],
): Promise<Images & { readonly found: number }> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (!found) throw new Error(`images: ${path} does not exist`);
    if (!found.isDirectory()) files.push(path);
    else {
      const names = (await readdir(path)).filter((name) => /\.(png|jpe?g|webp|gif|tiff?|avif)$/i.test(name));
      files.push(...names.sort().map((name) => join(path, name)));
    }
  }
  if (files.length === 0) throw new Error(`images: expected image files, found none in ${paths.join(', ')}`);
  const images = await readImages(config, files.slice(0, MAX_IMAGES));
  const [{ height, width }] = images;
  const other = images.findIndex((image) => image.height !== height || image.width !== width);
  if (other >= 0) {
    throw new RangeError(
      `images: ${files[other]} is ${images[other].height}×${images[other].width}, the first is ${height}×${width}; ` +
        'resize them to one size',
    );
  }
  const label = labelsFor(config, images.length);
  const data = Float64Array.from(images.flatMap(({ x }) => [...x]));
  const x = tensor([images.length, config.channels, height, width], data);
  return { x, ...(label && { label }), found: files.length };
}
