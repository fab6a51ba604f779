import type { PictureSize } from '@glow-onnx/runtime/node';
import type { FastifyReply } from 'fastify';
import type { AppContext } from '../app-context.js';
import type { Work } from '../batcher.js';
import { fromModelError, HttpError } from '../http-error.js';
import type { Limits } from '../options.js';
import type { ServedModel } from '../served-models.js';
import { requestSignal } from './request-signal.js';

/**
 * The results of a request's items, from a run of the model that other requests may share.
 * @throws HttpError 400 for wrong items, 413 for too large ones, 503 if the time is over or the worker ended.
 */
export async function runWork<Item, Result>(
  { limits: { timeoutMs } }: Pick<AppContext, 'limits'>,
  { batcher }: Pick<ServedModel, 'batcher'>,
  work: Work<Item, Result>,
  items: readonly Item[],
  reply: FastifyReply,
): Promise<Result[]> {
  const signal = requestSignal(reply, timeoutMs);
  try {
    return await batcher.submit(work, items, signal);
  } catch (error) {
    throw fromModelError(error);
  }
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
