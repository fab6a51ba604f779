import { describe } from '@glow-onnx/flow/manifest';
import { binToModel, binToPixel, convertChannels, modelToBin, pixelToBin } from '@glow-onnx/flow/pixels';

/**
 * An image as raw pixels. A model returns images in this form, with 1 (grey) or 3 (RGB) channels.
 * @example
 * const red = { data: Uint8Array.of(255, 0, 0), width: 1, height: 1, channels: 3 };
 */
export interface RawImage {
  /** height × width × channels bytes, row by row from the top, the channels of a pixel next to each other. */
  readonly data: Uint8Array;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: number;
}

/** The fields of a browser's `ImageData` that are used here: RGBA, row by row from the top. */
export interface PixelData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** An image as the flow takes it. */
export interface ModelImage {
  /** channels × height × width values between −½ and ½. */
  readonly x: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** Whether the input is pixels: a raw image or ImageData. */
export function isPixels(input: unknown): input is RawImage | PixelData {
  return typeof input === 'object' && input !== null && 'data' in input && 'width' in input;
}

/**
 * Checks pixels and gives them as a raw image.
 * @param where the call and the image, for the start of error messages.
 * @throws TypeError if `image` is neither a raw image nor ImageData; RangeError if its sizes do not match its data.
 */
export function checkRawImage(image: RawImage | PixelData, where: string): RawImage {
  const { data, width, height, channels = 4 } = (image ?? {}) as RawImage;
  const isImageData = (data as unknown) instanceof Uint8ClampedArray; // its channels are not stated
  if (!isImageData && !(data instanceof Uint8Array && 'channels' in image)) {
    throw new TypeError(
      `${where}: expected { data: Uint8Array, width, height, channels } or ImageData, got ${unlike(image)}`,
    );
  }
  for (const [name, value] of Object.entries({ width, height, channels })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${where}: ${name} must be a positive integer, got ${describe(value)}`);
    }
  }
  if (data.length !== width * height * channels) {
    throw new RangeError(
      `${where}: data must hold height × width × channels = ${height}×${width}×${channels} bytes, got ${data.length}`,
    );
  }
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width, height, channels };
}

function unlike(image: RawImage | PixelData): string {
  const { data } = image ?? {};
  if (data === undefined) return describe(image);
  return data instanceof Uint8Array ? 'no channels' : `data that are ${describe(data)}, not bytes`;
}

/**
 * Converts an image to the channels of the model: alpha is laid over white, grey is repeated, RGB becomes luma
 * (`convertChannels`).
 * @throws RangeError if no conversion between these channel counts is known.
 */
export function withChannels(image: RawImage, channels: number, where: string): RawImage {
  const { data, channels: from } = image;
  if (from === channels) return image;
  if ((from === 1 || from === 2 || from === 3 || from === 4) && (channels === 1 || channels === 3)) {
    return { ...image, data: convertChannels(data, from, channels), channels };
  }
  throw new RangeError(
    `${where}: an image of ${from} channels cannot be converted to the ${channels} of the model; pass ${channels} channels`,
  );
}

/**
 * Converts pixels to x = (q + u)/2ⁿ − ½, where q is the bin of a value at n bits. `nextU` gives u and is called once
 * per value, in the order channel, row, column.
 * One RGB pixel 255 0 0 at 8 bits and u = ½ becomes 0.498, −0.498, −0.498.
 */
export function toModel(image: RawImage, bits: number, nextU: () => number): ModelImage {
  const { data, height, width, channels } = image;
  const pixels = height * width;
  const x = new Float32Array(data.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const bin = pixelToBin(data[pixel * channels + channel] as number, bits);
      x[channel * pixels + pixel] = binToModel(bin, bits, nextU());
    }
  }
  return { x, height, width };
}

/** Converts x to pixels by its bins, so that encoding the pixels gives the same bins again. */
export function fromModel({ x, height, width }: ModelImage, bits: number): RawImage {
  const pixels = height * width;
  const channels = x.length / pixels;
  const data = new Uint8Array(x.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const bin = modelToBin(x[channel * pixels + pixel] as number, bits);
      data[pixel * channels + channel] = binToPixel(bin, bits);
    }
  }
  return { data, width, height, channels };
}
