import type { PixelData, RawImage } from './images.js';

/** What a Blob or a File of an image has. */
export interface ImageFileLike {
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What an ImageBitmap has. */
export interface ImageBitmapLike {
  readonly width: number;
  readonly height: number;
  close(): void;
}

/** What a canvas element and an OffscreenCanvas have. */
export interface CanvasLike {
  width: number;
  height: number;
  getContext(kind: '2d'): { putImageData(pixels: PixelData, x: number, y: number): void } | null;
}

/** What an img element has. */
export interface ImageElementLike {
  readonly naturalWidth: number;
  readonly naturalHeight: number;
  decode(): Promise<void>;
}

/** What an instance of sharp has. */
export interface SharpLike {
  metadata(): Promise<unknown>;
  toColourspace(space?: string): unknown;
}

/**
 * A picture: raw pixels, also as ImageData; the bytes of a PNG, JPEG or WebP, also as a Blob or File; the path (Node)
 * or address (browser) of one; in Node an instance of sharp; in a browser an ImageBitmap, a canvas or an img element.
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
