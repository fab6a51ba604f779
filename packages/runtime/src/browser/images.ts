import type { NetworkOptions } from '../folder/stores/url-store.js';
import { createCodec, type ImageCodec } from '../pictures/codec.js';
import { fetchImage } from '../pictures/fetch-image.js';
import type { RawImage } from '../pictures/images.js';
import type { CanvasLike, ImageBitmapLike, ImageElementLike } from '../pictures/input.js';
import { checkPixels, type ImageLimits } from '../pictures/limits.js';
import { get } from './get.js';
import { inflate } from './inflate.js';

/**
 * Reads images in a browser. PNGs use the decoder of this package, because a canvas changes colours under
 * transparency and rounds 16 bits differently. JPEG and WebP use the browser's decoder without colour conversion.
 */
export function browserCodec(limits: ImageLimits, network: NetworkOptions = {}): ImageCodec {
  return createCodec(
    {
      objects: 'a Blob or an address of such a file, an ImageBitmap, a canvas or an img element',
      readFile(source, limits, signal) {
        const base = globalThis.document?.baseURI ?? globalThis.location.href;
        return fetchImage(get, source, limits, network, signal, base);
      },
      decode: async (bytes) => pixelsOfBitmap(await bitmapOf(new Blob([bytes]))),
      inflate,
      readObject,
    },
    limits,
  );
}

function readObject(input: object, limits: ImageLimits): Promise<RawImage> | undefined {
  if ('naturalWidth' in input) return readElement(input as ImageElementLike & ImageBitmapSource, limits);
  if (!('getContext' in input) && !('close' in input && 'width' in input)) return undefined;
  const drawn = input as (CanvasLike | ImageBitmapLike) & CanvasImageSource;
  return readDrawn(drawn, drawn.width, drawn.height, limits);
}

async function readElement(
  element: ImageElementLike & ImageBitmapSource,
  limits: ImageLimits,
): Promise<RawImage> {
  await element.decode();
  checkPixels({ width: element.naturalWidth, height: element.naturalHeight }, limits);
  return pixelsOfBitmap(await bitmapOf(element));
}

async function readDrawn(
  source: CanvasImageSource,
  width: number,
  height: number,
  limits: ImageLimits,
): Promise<RawImage> {
  checkPixels({ width, height }, limits);
  return pixelsOf(source, width, height);
}

function bitmapOf(source: ImageBitmapSource): Promise<ImageBitmap> {
  return createImageBitmap(source, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
}

function pixelsOfBitmap(bitmap: ImageBitmap): RawImage {
  try {
    return pixelsOf(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

function pixelsOf(source: CanvasImageSource, width: number, height: number): RawImage {
  if (width === 0 || height === 0)
    throw new RangeError(`expected at least one pixel, got ${height}×${width}`);
  const context = canvasOf(width, height).getContext('2d', { willReadFrequently: true }) as
    | OffscreenCanvasRenderingContext2D
    | CanvasRenderingContext2D
    | null;
  if (!context) throw new Error('the browser cannot create a canvas to read the pixels');
  context.drawImage(source, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return { data: new Uint8Array(data.buffer), width, height, channels: 4 };
}

function canvasOf(width: number, height: number): OffscreenCanvas | HTMLCanvasElement {
  if (typeof OffscreenCanvas !== 'undefined') return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement('canvas'), { width, height });
}
