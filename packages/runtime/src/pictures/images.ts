import { binToModel, binToPixel, convertChannels, modelToBin, pixelToBin } from '@glow-onnx/flow/pixels';

/** A picture as bytes, row by row, channels interleaved: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
export interface RawImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** What a browser's ImageData has. */
export interface PixelData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** A picture as the flow sees it: x in channels × height × width. */
export interface ModelImage {
  readonly x: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** Whether these are pixels rather than something that holds them. */
export function isPixels(input: unknown): input is RawImage | PixelData {
  return typeof input === 'object' && input !== null && 'data' in input;
}

/**
 * @param where the call and the image, which an error's message starts with.
 * @throws TypeError or RangeError if this is neither a raw image nor ImageData.
 */
export function checkRawImage(image: RawImage | PixelData, where: string): RawImage {
  const { data, width, height } = image ?? {};
  const channels = image && 'channels' in image ? image.channels : 4;
  if (!(data instanceof Uint8ClampedArray) && !(data instanceof Uint8Array && 'channels' in image)) {
    throw new TypeError(`${where}: expected { data: Uint8Array, width, height, channels } or ImageData`);
  }
  for (const [name, value] of Object.entries({ width, height, channels })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${where}: ${name} must be a positive integer, got ${value}`);
    }
  }
  if (data.length !== width * height * channels) {
    throw new RangeError(
      `${where}: data must hold height × width × channels = ${height}×${width}×${channels} bytes, got ${data.length}`,
    );
  }
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width, height, channels };
}

/**
 * Brings a picture to the model's channels: alpha over white, grey repeated, RGB to luma (`convertChannels`).
 * @throws RangeError if there is no rule for these channels.
 */
export function withChannels(image: RawImage, channels: number, where: string): RawImage {
  const { data, channels: from } = image;
  if (from === channels) return image;
  if ((from === 1 || from === 2 || from === 3 || from === 4) && (channels === 1 || channels === 3)) {
    return { ...image, data: convertChannels(data, from, channels), channels };
  }
  throw new RangeError(
    `${where}: ${from} channels cannot become the model's ${channels}; pass ${channels} channels`,
  );
}

/**
 * x of each pixel: (q + u)/2ⁿ − ½, `nextU` called once per value in the order channel, row, column.
 * One RGB pixel 255 0 0 at 8 bits and u = ½ is 0.498, −0.498, −0.498.
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

/** Pixels of an x, through its bins, so that encode reads the same bins again. */
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
