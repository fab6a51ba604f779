import { checkLevels } from '../check.js';
import type { RawImage } from '../pictures/images.js';
import { BatchError } from './batch-error.js';
import { groupBySize } from './batches.js';
import { startCall } from './call.js';
import { collect } from './collect.js';
import type { EditOptions } from './edit.js';
import { decodeCall } from './encode-decode.js';
import { type InterpolationMode, type Latents, latentPath, mixLatents } from './latents.js';
import { type Input, loadInputs } from './load-inputs.js';
import type { ModelParts } from './model-parts.js';
import { encodeBatches } from './run-batches.js';

/** Options of `GlowModel.interpolate`. */
export interface InterpolateOptions extends EditOptions {
  /** Images to return, a and b included; an integer from 2 on, default 8. */
  readonly steps?: number;
  /** Default `linear`. */
  readonly mode?: InterpolationMode;
  /** Levels that go from a's latents to b's; the other levels stay a's. 0 is the finest. Default: all. */
  readonly levels?: readonly number[];
}

export async function interpolate(
  parts: ModelParts,
  a: Input,
  b: Input,
  { steps = 8, mode = 'linear', levels, onProgress, ...options }: InterpolateOptions = {},
): Promise<RawImage[]> {
  const where = 'interpolate';
  if (levels) checkLevels(where, levels, parts.manifest.config);
  const [from, to] = await encodeEnds(parts, where, a, b, options);
  const path = latentPath(from, to, steps, mode, levels);
  const call = startCall(
    parts.manifest,
    where,
    path,
    { ...options, ...(onProgress && { onProgress }) },
    inSteps,
  );
  return decodeCall(parts, call, path);
}

export async function mix(
  parts: ModelParts,
  a: Input,
  b: Input,
  levels: readonly number[],
  options: EditOptions = {},
): Promise<RawImage> {
  const where = 'mix';
  checkLevels(where, levels, parts.manifest.config);
  const [z, other] = await encodeEnds(parts, where, a, b, options);
  const mixed = [mixLatents(z, other, levels)];
  const call = startCall(parts.manifest, where, mixed, options, inSteps);
  const [image] = await decodeCall(parts, call, mixed);
  return image as RawImage;
}

const inSteps = (image: number): string => `step ${image}`;

/** The latents of both images, at one size. @throws the error of an image, the first of them. */
async function encodeEnds(
  parts: ModelParts,
  where: string,
  a: Input,
  b: Input,
  { onProgress: _, ...options }: EditOptions,
): Promise<[Latents, Latents]> {
  const ends = [a, b];
  const call = startCall(parts.manifest, where, ends, options, (image) => (image === 0 ? 'a' : 'b'));
  const loaded = loadInputs(parts, call, ends, options);
  const batches = groupBySize(parts, call, loaded);
  const encoded = encodeBatches(parts, call, batches);
  const latents = await collect(call, encoded, (end) => end.latents).catch((error: unknown) => {
    throw error instanceof BatchError ? error.errors[0] : error;
  });
  return latents as [Latents, Latents];
}
