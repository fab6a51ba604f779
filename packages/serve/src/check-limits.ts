import type { PictureSize } from '@glow-onnx/runtime/node';
import type { AppContext } from './app-context.js';
import { HttpError } from './http-error.js';
import type { Limits } from './options.js';

/** @throws HttpError 413 if the JSON of a request is too long to be read in one go. */
export function checkJson({ maxJsonBytes }: Pick<Limits, 'maxJsonBytes'>, bytes: number): void {
  if (bytes <= maxJsonBytes) return;
  throw new HttpError(
    413,
    `the request has ${bytes} bytes of JSON, more than ${maxJsonBytes}; send tensors in binary, or smaller ones`,
  );
}

/**
 * A number of a request takes at least two bytes of JSON, so what came in as JSON may also leave as JSON.
 * @throws HttpError 413 if an answer has too many numbers to be written as JSON in one go.
 */
export function checkJsonNumbers({ maxJsonBytes }: Pick<Limits, 'maxJsonBytes'>, numbers: number): void {
  if (2 * numbers <= maxJsonBytes) return;
  throw new HttpError(
    413,
    `the answer has ${numbers} numbers as JSON, more than ${Math.floor(maxJsonBytes / 2)}; ask for binary outputs`,
  );
}

/** @throws HttpError 413 if a request has too many images. */
export function checkCount({ maxBatch }: Pick<Limits, 'maxBatch'>, count: number): void {
  if (count <= maxBatch) return;
  throw new HttpError(413, `the request has ${count} images, more than ${maxBatch}; send several requests`);
}

/**
 * Bounds the work on one picture: its pixels times the passes of the model over them.
 * @throws HttpError 413 if it is more than one pass over `maxWork` images of the size of the training images.
 */
export function checkWork(
  { maxWork }: Pick<AppContext, 'maxWork'>,
  { config }: { readonly config: PictureSize },
  { height, width }: PictureSize,
  passes: number,
): void {
  if (height * width * passes <= maxWork * config.height * config.width) return;
  throw new HttpError(
    413,
    `${passes} passes over ${height}×${width} are more work than ${maxWork} images of ${config.height}×${config.width}; make the image smaller`,
  );
}

/** @throws HttpError 413 if an image has too many pixels. */
export function checkPixels(
  { maxPixels }: { readonly maxPixels: number },
  { height, width }: PictureSize,
): void {
  if (height * width <= maxPixels) return;
  throw new HttpError(
    413,
    `an image of ${height}×${width} has more than ${maxPixels} pixels; make it smaller`,
  );
}
