import type { PictureSize } from '@glow-onnx/runtime/node';
import type { AppContext } from './app-context.js';
import { HttpError } from './http-error.js';
import type { Limits } from './options.js';

/** @throws HttpError 413 if an answer has too many numbers to be written as JSON in one go. */
export function checkJsonNumbers({ maxJsonValues }: Pick<Limits, 'maxJsonValues'>, numbers: number): void {
  if (numbers <= maxJsonValues) return;
  throw new HttpError(
    413,
    `the answer has ${numbers} numbers as JSON, more than ${maxJsonValues}; ask for binary outputs`,
  );
}

/** The most bytes of `latentsToJson` besides the numbers in base64. */
const formBytes = 2 ** 10;

/**
 * Bounds an answer with latents, so that what `encode` gives, `decode` takes.
 * @throws HttpError 413 if the latents of an image may have more bytes as JSON than the body of a request.
 */
export function checkLatentsJson(
  { maxBodyBytes }: Pick<Limits, 'maxBodyBytes'>,
  { config: { channels } }: { readonly config: { readonly channels: number } },
  { height, width }: PictureSize,
): void {
  const bytes = Math.ceil((16 / 3) * channels * height * width) + formBytes; // base64 of float32
  if (bytes <= maxBodyBytes) return;
  throw new HttpError(
    413,
    `the latents of ${height}×${width} need ${bytes} bytes of JSON, more than the ${maxBodyBytes} that decode takes; make the image smaller`,
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
