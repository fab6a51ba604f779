import { isUrl } from '../folder/model-source.js';
import { messageOf } from '../message-of.js';
import type { ImageCodec } from '../pictures/codec.js';
import type { CanvasLike, ImageElementLike } from '../pictures/input.js';

/** Takes the place of an image that the page could not read. The call in the worker then rejects with this reason. */
export interface Unreadable {
  readonly unreadable: string;
}

export function isUnreadable(input: unknown): input is Unreadable {
  return typeof input === 'object' && input !== null && 'unreadable' in input;
}

/** A codec that rejects the images that the page could not read. */
export function refusingUnreadable(codec: ImageCodec): ImageCodec {
  return {
    read: async (input) => {
      if (isUnreadable(input)) throw new Error(input.unreadable);
      return codec.read(input);
    },
  };
}

/**
 * Converts an argument so that it can be sent to a worker: canvases and img elements become pixels, and addresses
 * become absolute.
 * @param owned gets the buffers that are created here, which can be transferred.
 */
export async function toPortableInput(
  input: unknown,
  codec: ImageCodec,
  owned: Set<ArrayBuffer>,
): Promise<unknown> {
  if (typeof input === 'string' || isUrl(input)) return absolute(input);
  if (Array.isArray(input)) {
    return Promise.all(input.map((each) => toPortableInput(each, codec, owned)));
  }
  if (!isOfPage(input)) return input;
  try {
    const image = await codec.read(input);
    owned.add(image.data.buffer as ArrayBuffer);
    return image;
  } catch (error) {
    return { unreadable: messageOf(error) } satisfies Unreadable;
  }
}

/** An address relative to the page, made absolute: a worker would resolve it from its own address. */
export function absolute(address: string | URL): string {
  return new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href).href;
}

function isOfPage(input: unknown): input is CanvasLike | ImageElementLike {
  return typeof input === 'object' && input !== null && ('getContext' in input || 'naturalWidth' in input);
}
