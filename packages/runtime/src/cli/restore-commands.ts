import type { GlowModel } from '../model/model.js';
import type { Restored, RestoreOptions } from '../model/restored.js';
import type { Fit } from '../pictures/fits.js';
import type { RawImage } from '../pictures/images.js';
import { expandFolders, type NamedImages, refuseInside, shownImage } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { gridOutput, type ImageFlags, imageOutput } from './outputs.js';
import { counted, type Report, table } from './report.js';
import { type Context, type ModelFlags, partly, withModel } from './run.js';
import { given } from './run-program.js';

export interface RestoreFlags extends ModelFlags, ImageFlags {
  readonly fit: Fit;
  readonly grid?: string;
  readonly samples?: number;
  readonly temperature?: number;
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
  checkMasks(named, masks);
  await refuseInside(flags.out, masks);
  if (flags.grid !== undefined) await refuseInside(flags.grid, masks, '--grid');
  const leftOut = [...named.leftOut, ...masks.leftOut];
  return restored(directory, { ...named, leftOut }, flags, context, masks.images, {
    start: 'filled smoothly',
    run: (model, options) => model.inpaint(named.images, masks.images, options),
  });
}

/** @throws RangeError if a folder of masks does not have one for each image, by name. One file is for all images. */
function checkMasks({ images, names }: NamedImages, masks: NamedImages): void {
  if (masks.roots.length === 0) return;
  const left = masks.leftOut.map(({ file, reason }) => `; ${file}: ${reason}`).join('');
  if (masks.images.length !== images.length) {
    throw new RangeError(
      `inpaint: the folder of masks has ${counted(masks.images.length, 'mask')} for ${counted(images.length, 'image')}; ` +
        `give each image one of its name, or pass one file for all${left}`,
    );
  }
  const wrong = images.length === 1 ? -1 : names.findIndex((name, i) => name !== masks.names[i]);
  if (wrong === -1) return;
  throw new RangeError(
    `inpaint: ${shownImage(images[wrong] as string)} has no mask of its name; ${shownImage(masks.images[wrong] as string)} ` +
      `stands in its place${left}`,
  );
}

export async function denoise(
  directory: string,
  paths: readonly string[],
  flags: RestoreFlags & { readonly sigma: number },
  context: Context,
): Promise<Report> {
  const named = await expandFolders(paths);
  return restored(directory, named, flags, context, [], {
    start: 'left as it is',
    run: (model, options) => model.denoise(named.images, { ...options, sigma: flags.sigma }),
  });
}

export async function enlarge(
  directory: string,
  paths: readonly string[],
  flags: RestoreFlags & { readonly factor: 2 | 4 },
  context: Context,
): Promise<Report> {
  const named = await expandFolders(paths);
  return restored(directory, named, flags, context, [], {
    start: 'each pixel enlarged',
    run: (model, options) => model.enlarge(named.images, { ...options, factor: flags.factor }),
  });
}

interface Task {
  /** What the search starts from, and gives if it finds nothing better. */
  readonly start: string;
  readonly run: (model: GlowModel, options: RestoreOptions & { label?: string }) => Promise<Restored[]>;
}

/** Restores images, writes them and reports what became of each. `masks`: files that `run` reads besides. */
async function restored(
  directory: string,
  named: NamedImages,
  flags: RestoreFlags,
  context: Context,
  masks: readonly string[],
  { start, run }: Task,
): Promise<Report> {
  const { out, grid, fit, samples, temperature, seed, steps, method } = flags;
  await refuseInside(out, named);
  if (grid !== undefined) await refuseInside(grid, named, '--grid');
  const { images, names, leftOut } = named;
  const count = samples ?? 1;
  const places = Array.from({ length: count }, (_, i) => i + 1);
  const outputs = names.flatMap((name) =>
    samples === undefined ? [name] : places.map((place) => `${name}-${place}`),
  );
  const inputs = [directory, ...images, ...masks];
  const write = imageOutput({ columns: count, ...flags }, outputs, inputs);
  const writeGrid = grid === undefined ? undefined : gridOutput(grid, flags, outputs, inputs);
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const { onStep } = context;
    const own = { ...options, fit, onFit, onStep, seed, ...given({ samples, temperature, steps, method }) };
    const { results, error } = await partly(run(model, own), out);
    const all = results.flatMap(
      (result): (RawImage | undefined)[] => result?.images ?? places.map(() => undefined),
    );
    const written = await write(all, context.signal);
    const pairs = results.flatMap((result) =>
      result ? [{ before: result.known, after: result.images }] : [],
    );
    const gridError = await writeGrid?.(pairs).then(
      () => undefined,
      (cause: Error) => new Error(`--grid: ${cause.message}`, { cause }),
    );
    const rows = results.flatMap((result, i) =>
      (result ? result.images : []).map((_, n) => [
        samples === undefined
          ? shownImage(images[i] as string)
          : `${shownImage(images[i] as string)} (${n + 1})`,
        (result as Restored).logProb[n]?.toFixed(2) ?? '',
        { true: 'yes', false: 'no', null: 'unknown' }[String(result?.typical[n])] as string,
        result?.method[n] === 'start' ? `no more likely image found: ${start}` : '',
      ]),
    );
    const facts = results.map((result, i) => ({
      image: shownImage(images[i] as string),
      ...(result && { logProb: result.logProb, typical: result.typical, method: result.method }),
    }));
    const text = `${table([['image', 'log p (nats)', 'typical', ''], ...rows])}\n\nwrote ${counted(rows.length, 'image')} to ${out}`;
    return {
      text: writeGrid && !gridError ? `${text}, and ${grid}` : text,
      json: { written, ...given({ grid: gridError ? undefined : grid }), restored: facts, fitted, leftOut },
      ...{ fitted, leftOut },
      error: error ?? gridError,
    };
  });
}
