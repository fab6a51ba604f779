import type { ImageCodec, RawImage } from '../images.js';
import type { ImageLimits } from '../platform.js';

/** Reads and resizes pictures with the browser's own decoder. */
export function canvasCodec(_limits: ImageLimits): ImageCodec {
  throw new Error('pictures: pass raw pixels');
}

export function encodePng(_image: RawImage): Promise<Uint8Array> {
  throw new Error('pictures: not yet in a browser');
}
