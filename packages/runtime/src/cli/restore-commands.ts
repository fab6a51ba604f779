import type { GlowModel } from '../model/model.js';
import type { Restored, RestoreOptions } from '../model/restored.js';
import type { Fit } from '../pictures/fits.js';
import type { RawImage } from '../pictures/images.js';
import { expandFolders, type NamedImages, refuseInside, shownImage } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { type ImageFlags, imageOutput } from './outputs.js';
import { countImages, type Report, table } from './report.js';
import { type Context, type ModelFlags, partly, withModel } from './run.js';
import { given } from './run-program.js';

export interface RestoreFlags extends ModelFlags, ImageFlags {
  readonly fit: Fit;
  readonly samples?: number;
  readonly temperature: number;
  readonly seed: number;
  readonly steps?: number;
  readonly method?: 'density' | 'latents';
}

export async function inpaint(
  directory: string,
  images: string,
  mask: string,
  flags: RestoreFlags,
  context: Context,
): Promise<Report> {
  const [named, masks] = [await expandFolders([images]), await expandFolders([mask])];
  if (masks.images.length !== 1 && masks.images.length !== named.images.length) {
    throw new RangeError(
      `inpaint: ${named.images.length} images need one mask or as many, in the order of their names, got ${masks.images.length}`,
    );
  }
  await refuseInside(flags.out, masks);
  return restored(directory, named, flags, context, (model, options) =>
    model.inpaint(named.images, masks.images, options),
  );
}

export async function denoise(
  directory: string,
  paths: readonly string[],
  flags: RestoreFlags & { readonly sigma: number },
  context: Context,
): Promise<Report> {
  const named = await expandFolders(paths);
  return restored(directory, named, flags, context, (model, options) =>
    model.denoise(named.images, { ...options, sigma: flags.sigma }),
  );
}

export async function enlarge(
  directory: string,
  paths: readonly string[],
  flags: RestoreFlags & { readonly factor: 2 | 4 },
  context: Context,
): Promise<Report> {
  const named = await expandFolders(paths);
  return restored(directory, named, flags, context, (model, options) =>
    model.enlarge(named.images, { ...options, factor: flags.factor }),
  );
}

/** Restores images, writes them and reports what became of each. */
async function restored(
  directory: string,
  named: NamedImages,
  flags: RestoreFlags,
  context: Context,
  start: (model: GlowModel, options: RestoreOptions & { label?: string }) => Promise<Restored[]>,
): Promise<Report> {
  const { out, fit, samples, temperature, seed, steps, method } = flags;
  await refuseInside(out, named);
  const { images, names, leftOut } = named;
  const count = samples ?? 1;
  const places = Array.from({ length: count }, (_, i) => i + 1);
  const write = imageOutput(
    { columns: count, ...flags },
    names.flatMap((name) => (samples === undefined ? [name] : places.map((place) => `${name}-${place}`))),
  );
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const own = { ...options, fit, onFit, temperature, seed, ...given({ samples, steps, method }) };
    const { results, error } = await partly(start(model, own));
    const all = results.flatMap(
      (result): (RawImage | undefined)[] => result?.images ?? places.map(() => undefined),
    );
    const written = await write(all, context.signal);
    const rows = results.flatMap((result, i) =>
      (result ? result.images : []).map((_, n) => [
        samples === undefined
          ? shownImage(images[i] as string)
          : `${shownImage(images[i] as string)} (${n + 1})`,
        (result as Restored).logProb[n]?.toFixed(2) ?? '',
        { true: 'yes', false: 'no', null: 'unknown' }[String(result?.typical[n])] as string,
        result?.method[n] === 'start' ? 'no more likely image found: filled smoothly' : '',
      ]),
    );
    const facts = results.map((result, i) => ({
      image: shownImage(images[i] as string),
      ...(result && { logProb: result.logProb, typical: result.typical, method: result.method }),
    }));
    const text = `${table([['image', 'log p (nats)', 'typical', ''], ...rows])}\n\nwrote ${countImages(rows.length)} to ${out}`;
    return { text, json: { written, restored: facts, fitted, leftOut }, fitted, leftOut, error };
  });
}
