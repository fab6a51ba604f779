import type { FastifyReply } from 'fastify';
import type { AppContext } from '../app-context.js';
import type { Work } from '../batcher.js';
import { fromModelError, HttpError } from '../http-error.js';
import type { ServedModel } from '../served-models.js';
import { requestSignal } from './request-signal.js';

/**
 * The results of a request's items, from a run of the model that other requests may share.
 * @throws HttpError 400 for wrong items, 413 for too many or too large ones, 503 if the time is over or the worker ended.
 */
export async function runWork<Item, Result>(
  { limits: { maxBatch, timeoutMs } }: Pick<AppContext, 'limits'>,
  { batcher }: Pick<ServedModel, 'batcher'>,
  work: Work<Item, Result>,
  items: readonly Item[],
  reply: FastifyReply,
): Promise<Result[]> {
  if (items.length > maxBatch) {
    throw new HttpError(
      413,
      `the request has ${items.length} images, more than ${maxBatch}; send several requests`,
    );
  }
  const signal = requestSignal(reply, timeoutMs);
  try {
    return await batcher.submit(work, items, signal);
  } catch (error) {
    throw fromModelError(error);
  }
}

/** @throws HttpError 413 if an image has too many pixels. */
export function checkPixels(
  { maxPixels }: { readonly maxPixels: number },
  { height, width }: { readonly height: number; readonly width: number },
): void {
  if (height * width <= maxPixels) return;
  throw new HttpError(
    413,
    `an image of ${height}×${width} has more than ${maxPixels} pixels; make it smaller`,
  );
}
