import { stat } from 'node:fs/promises';
import { type GlowConfig, tensor } from '@glow-onnx/flow';
import { takesPixels } from '@glow-onnx/flow/internal';
import { expandFolders, type LeftOut } from '@glow-onnx/runtime/internal-node';
import { readImages } from '@glow-onnx/runtime/node';
import { type Images, labelsFor } from './reference.js';

/** The float64 interpreter takes seconds for each image. */
const MAX_IMAGES = 8;

/** How many images were named and how many of them were taken; files in their folders that are not read. */
export interface GoldenPictures {
  readonly taken: number;
  readonly found: number;
  readonly leftOut: readonly LeftOut[];
}

/**
 * Reads at most eight golden images from image files and from folders, in the order of their paths.
 * @throws Error if no image is found or an image cannot be read. @throws RangeError if sizes differ, or if the model
 *   takes numbers.
 */
export async function goldenImages(
  config: GlowConfig,
  paths: readonly string[],
): Promise<Images & { readonly pictures: GoldenPictures }> {
  if (!takesPixels(config)) {
    throw new RangeError(
      'images: this model takes numbers, but pictures were given; leave images out: samples of the model take their place',
    );
  }
  for (const path of paths) {
    if (!(await stat(path).catch(() => undefined))) throw new Error(`images: ${path} does not exist`);
  }
  const { images: files, leftOut } = await expandFolders(paths);
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
  return { x, ...(label && { label }), pictures: { taken: images.length, found: files.length, leftOut } };
}
