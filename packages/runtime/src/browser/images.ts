import type { ImageCodec, RawImage } from '../images.js';
import type { ImageLimits } from '../platform.js';

/** Reads and resizes pictures with the browser's own decoder. */
export function canvasCodec(_limits: ImageLimits): ImageCodec {
  const refuse = async () => {
    throw new Error('pictures: pass raw pixels');
  };
  return { read: refuse, resize: refuse };
}

export function encodePng(_image: RawImage): Promise<Uint8Array> {
  throw new Error('pictures: not yet in a browser');
}
