import { messageOf } from '../message-of.js';
import type { FittedImage } from '../model/encode-decode.js';
import type { GlowModel } from '../model/model.js';
import type { Surprise, SurpriseOptions } from '../model/surprise.js';
import type { Fit } from '../pictures/fits.js';
import { heatMap, rangeOf } from '../pictures/heat-map.js';
import { imageGrid } from '../pictures/image-grid.js';
import { withChannels } from '../pictures/images.js';
import { type NamedImages, refuseInside, shownImage } from './expand-folders.js';
import { gridOptions, imageOutput } from './outputs.js';
import { table } from './report.js';

/**
 * Writes a map for each image that has a score.
 * @returns what the report of the scores says of it, and why the maps could not be written.
 */
export type DrawHeatMaps = (
  model: GlowModel,
  scores: readonly (object | undefined)[],
  options: SurpriseOptions & { readonly fit: Fit; readonly signal: AbortSignal },
) => Promise<{ readonly text: string; readonly json?: { readonly heatmap: object }; readonly error?: Error }>;

/**
 * Prepares the maps at --heatmap: each image, as the model sees it, beside the bits of its pixels.
 * @param out FILE.png for all of them, which then need one size, or a folder for one file per image.
 * @param inputs files and folders that the command reads.
 * @throws RangeError or Error if a file may not be written there.
 */
export async function heatMapOutput(
  out: string,
  force: boolean,
  named: NamedImages,
  inputs: readonly string[],
): Promise<DrawHeatMaps> {
  await refuseInside(out, named, '--heatmap');
  const { images, names } = named;
  const write = imageOutput({ out, force, columns: 1 }, names, inputs, '--heatmap');
  return async (model, scores, options) => {
    const { fit, signal } = options;
    const scored = images.filter((_, i) => scores[i] !== undefined);
    if (scored.length === 0) return { text: 'no map is written: there is no image' };
    let found: readonly Surprise[];
    let files: readonly string[];
    try {
      const seen = (await model.prepare(scored, { fit, signal })).values();
      found = await model.surprise(scored, options);
      const maps = found.values();
      const pairs = scores.map((score) => {
        if (score === undefined) return undefined;
        const [image, { map }] = [seen.next().value as FittedImage, maps.next().value as Surprise];
        const pair = [withChannels(image, 3, '--heatmap'), heatMap(map)];
        return imageGrid(pair, gridOptions(image, { columns: 2 }));
      });
      files = await write(pairs, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const error = new Error(`--heatmap: ${messageOf(cause)}`, { cause });
      return { text: 'no map is written', error };
    }
    const ranges = found.map(({ map }, i) => ({ image: shownImage(scored[i] as string), ...rangeOf(map) }));
    const rows = ranges.map(({ image, from, to }) => [image, from.toFixed(2), to.toFixed(2)]);
    const written = `wrote ${out}: each image, and beside it the bits of its pixels`;
    return {
      text: `${table([['bits of a pixel', 'dark', 'bright'], ...rows])}\n\n${written}`,
      json: { heatmap: { files, images: ranges } },
    };
  };
}
