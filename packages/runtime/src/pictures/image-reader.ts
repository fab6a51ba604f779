import type { OwnBytes } from '@glow-onnx/flow/internal';
import type { LossyFormat } from './header.js';
import type { RawImage } from './images.js';
import type { Inflate } from './inflater.js';
import type { ImageLimits } from './limits.js';

/** The parts of reading an image that differ between platforms. */
export interface ImageReader {
  /** Names the objects that `readObject` takes, for error messages. */
  readonly objects: string;
  /** Reads the file at a path or address. @throws RangeError if the file is larger than the limit. */
  readFile(source: string | URL, limits: ImageLimits, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Decodes a JPEG or WebP without metadata to 8 bits and 1 to 4 channels, as its pixels are stored. PNGs do not come
   * here.
   * @throws TypeError if this platform cannot decode the format. Any other error means that the image is broken.
   */
  decode(bytes: OwnBytes, format: LossyFormat, limits: ImageLimits): Promise<RawImage>;
  readonly inflate: Inflate;
  /** Reads the pixels of an object of this platform; undefined if `input` is not such an object. */
  readObject(input: object, limits: ImageLimits): Promise<RawImage> | undefined;
}
