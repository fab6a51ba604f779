import { safetensorsOfRows } from '@glow-onnx/flow/safetensors';
import type { Features } from '../model/features.js';
import { identityOf } from '../model/latents-model.js';
import type { GlowModel } from '../model/model.js';
import { checkOutputs } from '../node/check-outputs.js';
import { writeFileAtomic } from '../node/write-file.js';
import type { EncodeFlags, TensorFlags } from './commands.js';
import { shownImage } from './expand-folders.js';
import { gatherFitted } from './fitted.js';
import { readInputs } from './inputs.js';
import type { OutputFlags } from './outputs.js';
import { counted, type Report } from './report.js';
import { type Context, partly, withModel } from './run.js';

const format = 'glow-features';
const newestVersion = 1;

/** Writes the features of images as one tensor. An image that fails is left out, and named. */
export async function features(
  directory: string,
  paths: readonly string[],
  { out, force, fit, tensor, ...flags }: EncodeFlags & OutputFlags & TensorFlags,
  context: Context,
): Promise<Report> {
  const { inputs, names, noun, files, leftOut } = await readInputs(paths, { tensor });
  checkOutputs([out], [directory, ...files], force);
  const { fitted, onFit } = gatherFitted(names);
  return withModel(directory, flags, context, async (model, options) => {
    const { results, error } = await partly(model.features(inputs, { ...options, fit, onFit }), out);
    const found = names.flatMap((name, i) => {
      const own = results[i];
      return own ? [{ name: shownImage(name), ...own }] : [];
    });
    await writeFileAtomic(out, featuresFile(model, found));
    const shape = [found.length, ...(found[0] as Features).shape];
    return {
      text: `wrote features of ${counted(found.length, noun)} to ${out}: ${shape.join('×')}`,
      json: { out, shape, images: found.map(({ name }) => name), fitted, leftOut },
      fitted,
      leftOut,
      error,
    };
  });
}

/**
 * A safetensors file: `features` as [images, conditioners, channels, 2, 2] in F32. The metadata name the model, its
 * precision and the images, as those of latents do.
 */
function featuresFile(
  model: GlowModel,
  found: readonly (Features & { readonly name: string })[],
): Iterable<Uint8Array> {
  return safetensorsOfRows('features', found, {
    format,
    version: String(newestVersion),
    model: identityOf(model),
    precision: model.precision,
    images: JSON.stringify(found.map(({ name }) => name)),
  });
}
