import type { ImageCodec } from '../pictures/codec.js';
import type { CanvasLike, ImageElementLike } from '../pictures/input.js';

/** A picture of the page that could not be read there; the worker's call says so in its place. */
export interface Unreadable {
  readonly unreadable: string;
}

export function isUnreadable(input: unknown): input is Unreadable {
  return typeof input === 'object' && input !== null && 'unreadable' in input;
}

/** A codec that fails where the page's has failed. */
export function refusingUnreadable(codec: ImageCodec): ImageCodec {
  return {
    read: async (input) => {
      if (isUnreadable(input)) throw new Error(input.unreadable);
      return codec.read(input);
    },
  };
}

/**
 * An argument as it can be sent to a worker: canvases and img elements as their pixels, addresses as seen from the
 * page. `owned` gets the memory that was made here.
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
    return { unreadable: error instanceof Error ? error.message : String(error) } satisfies Unreadable;
  }
}

/** A worker's own address is another one than the page's. */
export function absolute(address: string | URL): string {
  return new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href).href;
}

export function isUrl(input: unknown): input is URL {
  return typeof input === 'object' && input !== null && 'href' in input && 'searchParams' in input;
}

function isOfPage(input: unknown): input is CanvasLike | ImageElementLike {
  return typeof input === 'object' && input !== null && ('getContext' in input || 'naturalWidth' in input);
}
