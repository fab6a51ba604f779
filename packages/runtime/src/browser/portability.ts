import type { ImageCodec } from '../pictures/codec.js';
import type { CanvasLike, ImageElementLike } from '../pictures/input.js';
import type { Portability } from '../worker/portability.js';

/** Canvases and img elements are read in the page. An address relative to the page becomes absolute. */
export function browserPortability(codec: ImageCodec): Portability {
  const address = (source: string | URL) =>
    new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href).href;
  return {
    address,
    scriptAddress: address,
    read: (input) => (isOfPage(input) ? codec.read(input) : undefined),
    folder: () => undefined,
    sendsHandles: true,
  };
}

function isOfPage(input: object): input is CanvasLike | ImageElementLike {
  return 'getContext' in input || 'naturalWidth' in input;
}
