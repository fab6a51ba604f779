import type { PixelData, RawImage } from './images.js';

/** The members of a `Blob` or `File` of an image that are used here. */
export interface ImageFileLike {
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The members of an `ImageBitmap` that are used here. */
export interface ImageBitmapLike {
  readonly width: number;
  readonly height: number;
  close(): void;
}

/** The members of a canvas element or an `OffscreenCanvas` that are used here. */
export interface CanvasLike {
  width: number;
  height: number;
  getContext(kind: '2d'): { putImageData(pixels: PixelData, x: number, y: number): void } | null;
}

/** The members of an img element that are used here. */
export interface ImageElementLike {
  readonly naturalWidth: number;
  readonly naturalHeight: number;
  decode(): Promise<void>;
}

/** The members of a sharp instance that are used here. */
export interface SharpLike {
  metadata(): Promise<unknown>;
  toColourspace(space?: string): unknown;
}

/**
 * An image that goes into a model. It may be
 *
 * - raw pixels (`RawImage`) or `ImageData`;
 * - the bytes of a PNG, JPEG or WebP file, as a `Uint8Array`, `ArrayBuffer`, `Blob` or `File`;
 * - in Node the path of such a file, or its `file:` URL; in a browser its address;
 * - in Node an instance of sharp;
 * - in a browser an `ImageBitmap`, a canvas or an img element.
 *
 * Files are decoded to 8 bits and turned upright (EXIF). Then grey and RGB are converted to the channels of the
 * model, and transparency is laid over white.
 * @example
 * await glow.encode('face.png');
 * await glow.encode({ data: pixels, width: 16, height: 16, channels: 3 });
 */
export type ImageInput =
  | RawImage
  | PixelData
  | Uint8Array
  | ArrayBuffer
  | ImageFileLike
  | string
  | URL
  | SharpLike
  | ImageBitmapLike
  | CanvasLike
  | ImageElementLike;
