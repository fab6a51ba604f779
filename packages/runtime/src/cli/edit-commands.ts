import { saveLatents } from '../model/latents-file.js';
import { checkOutputs } from '../node/check-outputs.js';
import { writeFileAtomic } from '../node/write-file.js';
import { type EncodeFlags, readLatents, writing } from './commands.js';
import { expandFolders, refuseInside, shownImage } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { type ImageFlags, imageOutput, numbered, type OutputFlags, stem } from './outputs.js';
import { counted, type Report } from './report.js';
import { type Context, withModel } from './run.js';
import { given } from './run-program.js';

export interface InterpolateFlags extends EncodeFlags, ImageFlags {
  readonly steps: number;
  readonly mode: 'linear' | 'spherical';
  readonly levels?: readonly number[];
}

export async function interpolate(
  directory: string,
  a: string,
  b: string,
  flags: InterpolateFlags,
  context: Context,
): Promise<Report> {
  const { steps, mode, levels, fit, columns = steps } = flags;
  const write = imageOutput({ ...flags, columns }, numbered(steps), [directory, a, b]);
  const { fitted, onFit } = gatherFitted([a, b]);
  return withModel(directory, flags, context, async (model, options) => {
    const call = model.interpolate(a, b, { ...options, steps, mode, fit, onFit, ...given({ levels }) });
    return { ...(await writing(flags, context, write, call, { steps, mode, fitted })), fitted };
  });
}

export interface MixFlags extends EncodeFlags, ImageFlags {
  readonly levels: readonly number[];
}

export async function mix(
  directory: string,
  a: string,
  b: string,
  flags: MixFlags,
  context: Context,
): Promise<Report> {
  const { levels, fit } = flags;
  const { names } = await expandFolders([a]);
  const write = imageOutput(flags, names, [directory, a, b]);
  const { fitted, onFit } = gatherFitted([a, b]);
  return withModel(directory, flags, context, async (model, options) => {
    const call = model.mix(a, b, levels, { ...options, fit, onFit }).then((image) => [image]);
    return { ...(await writing(flags, context, write, call, { levels, fitted })), fitted };
  });
}

export interface FindFlags extends EncodeFlags, OutputFlags {
  readonly with: readonly string[];
  readonly without: readonly string[];
}

export async function findAttribute(directory: string, flags: FindFlags, context: Context): Promise<Report> {
  const { out, force, fit } = flags;
  const [withIt, without] = [await expandFolders(flags.with), await expandFolders(flags.without)];
  const leftOut = [...withIt.leftOut, ...without.leftOut];
  const [some, others] = [withIt.images, without.images];
  checkOutputs([out], [directory, ...some, ...others], force);
  const { fitted, onFit } = gatherFitted([...some, ...others]);
  return withModel(directory, flags, context, async (model, options) => {
    const z = await model.attributeDirection(some, others, { ...options, fit, onFit });
    await writeFileAtomic(out, saveLatents(model, { z: [z], names: [stem(out)] }));
    return {
      text: `wrote ${out}: direction from ${counted(others.length, 'image')} without the attribute to ${some.length} with it`,
      json: { out, with: some.map(shownImage), without: others.map(shownImage), fitted, leftOut },
      fitted,
      leftOut,
    };
  });
}

export interface ApplyFlags extends EncodeFlags, ImageFlags {
  readonly strength: number | readonly number[];
}

export async function applyAttribute(
  directory: string,
  path: string,
  paths: readonly string[],
  flags: ApplyFlags,
  context: Context,
): Promise<Report> {
  const { out, strength, fit } = flags;
  const named = await expandFolders(paths);
  await refuseInside(out, named);
  const { images, names, leftOut } = named;
  const write = imageOutput(flags, names, [directory, path, ...images]);
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const { z } = await readLatents(model, path);
    const [direction] = z;
    if (!direction || z.length > 1) {
      throw new RangeError(
        `${path}: expected a direction, got ${z.length} latents; make a direction with glow-onnx attribute find`,
      );
    }
    const call = model.applyAttribute(images, direction, strength, { ...options, fit, onFit });
    const facts = { strength, fitted, leftOut };
    return { ...(await writing(flags, context, write, call, facts)), fitted, leftOut };
  });
}
