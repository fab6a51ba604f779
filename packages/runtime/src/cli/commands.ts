import { safetensorsOfRows } from '@glow-onnx/flow/safetensors';
import type { FloatImage } from '../model/float-image.js';
import { type LatentsFile, loadLatents, saveLatents } from '../model/latents-file.js';
import type { GlowModel } from '../model/model.js';
import { checkOutputs } from '../node/check-outputs.js';
import { readWholeFile } from '../node/read-file.js';
import { isTensorFile } from '../node/tensor-file.js';
import { writeFileAtomic } from '../node/write-file.js';
import type { Fit } from '../pictures/fits.js';
import type { RawImage } from '../pictures/images.js';
import { expandFolders, refuseInside, shownImage } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { readInputs } from './inputs.js';
import { type ImageFlags, imageOutput, numbered, type OutputFlags, type WriteImages } from './outputs.js';
import { counted, type Report, table } from './report.js';
import { type Context, type ModelFlags, partly, withModel } from './run.js';
import { given } from './run-program.js';

export interface EncodeFlags extends ModelFlags {
  readonly fit: Fit;
}

/** The flags of a command that also takes tensors of feature maps. */
export interface TensorFlags {
  /** The name of the tensor in a file. */
  readonly tensor?: string;
}

export async function encode(
  directory: string,
  paths: readonly string[],
  { out, force, fit, tensor, ...flags }: EncodeFlags & OutputFlags & TensorFlags,
  context: Context,
): Promise<Report> {
  const { inputs, names: images, files, leftOut } = await readInputs(paths, { tensor });
  checkOutputs([out], [directory, ...files], force);
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const call = model.encode(inputs, { ...options, fit, onFit });
    const { results, error } = await partly(
      call.then(({ z, logProb }) => z.map((latents, i) => ({ z: latents, logProb: logProb[i] as number }))),
      out,
    );
    const encoded = images.flatMap((image, i) => {
      const result = results[i];
      return result ? [{ image: shownImage(image), ...result }] : [];
    });
    await writeFileAtomic(
      out,
      saveLatents(model, {
        z: encoded.map(({ z }) => z),
        logProb: encoded.map(({ logProb }) => logProb),
        names: encoded.map(({ image }) => image),
      }),
    );
    const levels = encoded[0]?.z.levels.map(({ shape }, level) => `z${level} ${shape.join('×')}`) ?? [];
    const rows = encoded.map(({ image, logProb }) => [image, logProb.toFixed(2)]);
    return {
      text: `${table([['image', 'log p (nats)'], ...rows])}\n\nwrote ${out}: ${levels.join(', ')}`,
      json: { out, images: encoded.map(({ image, logProb }) => ({ image, logProb })), fitted, leftOut },
      fitted,
      leftOut,
      error,
    };
  });
}

/** Reads a file of latents or of a direction. @throws Error that names the file if it does not fit the model. */
export async function readLatents(model: GlowModel, path: string): Promise<LatentsFile> {
  const bytes = await readWholeFile(path);
  try {
    return loadLatents(model, bytes);
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}

export async function decode(
  directory: string,
  latents: string,
  flags: ModelFlags & ImageFlags,
  context: Context,
): Promise<Report> {
  return withModel(directory, flags, context, async (model, options) => {
    const { z } = await readLatents(model, latents);
    if (isTensorFile(flags.out)) {
      checkOutputs([flags.out], [directory, latents], flags.force);
      return writingNumbers(flags.out, model.decodeFloats(z, options));
    }
    const write = imageOutput(flags, numbered(z.length), [directory, latents]);
    return writing(flags, context, write, model.decode(z, options));
  });
}

export async function reconstruct(
  directory: string,
  paths: readonly string[],
  flags: EncodeFlags & ImageFlags,
  context: Context,
): Promise<Report> {
  const { out, fit } = flags;
  const named = await expandFolders(paths);
  await refuseInside(out, named);
  const { images, names, leftOut } = named;
  const write = imageOutput(flags, names, [directory, ...images]);
  const { fitted, onFit } = gatherFitted(images);
  return withModel(directory, flags, context, async (model, options) => {
    const call = model.reconstruct(images, { ...options, fit, onFit });
    return { ...(await writing(flags, context, write, call, { fitted, leftOut })), fitted, leftOut };
  });
}

export interface SampleFlags extends ModelFlags, ImageFlags {
  readonly count: number;
  readonly temperature: number | readonly number[];
  readonly seed: number;
  readonly height?: number;
  readonly width?: number;
}

export async function sample(directory: string, flags: SampleFlags, context: Context): Promise<Report> {
  const { count, temperature, seed, height, width } = flags;
  const facts = { count, temperature, seed };
  const choices = { ...facts, ...given({ height, width }) };
  if (isTensorFile(flags.out)) {
    checkOutputs([flags.out], [directory], flags.force);
    return withModel(directory, flags, context, (model, options) =>
      writingNumbers(flags.out, model.sampleFloats({ ...options, ...choices }), facts),
    );
  }
  const write = imageOutput(flags, numbered(count), [directory]);
  return withModel(directory, flags, context, (model, options) =>
    writing(flags, context, write, model.sample({ ...options, ...choices }), facts),
  );
}

/** Writes the numbers of a call as the tensor `x` of a file, and reports them. @throws the error of the call. */
async function writingNumbers(
  out: string,
  call: Promise<readonly FloatImage[]>,
  facts: object = {},
): Promise<Report> {
  const items = await call;
  const [first] = items as readonly [FloatImage];
  await writeFileAtomic(out, safetensorsOfRows('x', items));
  const shape = [items.length, ...first.shape];
  return { text: `wrote x ${shape.join('×')} to ${out}`, json: { out, shape, ...facts } };
}

/** Writes the images of a call, and reports them. */
export async function writing(
  { out }: OutputFlags,
  { signal }: Context,
  write: WriteImages,
  call: Promise<readonly RawImage[]>,
  facts: object = {},
): Promise<Report> {
  const { results, error } = await partly(call, out);
  const images = await write(results, signal);
  const count = results.filter((image) => image !== undefined).length;
  return { text: `wrote ${counted(count, 'image')} to ${out}`, json: { images, ...facts }, error };
}
