import { crc32 } from '@glow-onnx/flow/manifest';
import { checkRawImage, type RawImage } from './images.js';

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** PNG colour types for 1 to 4 channels: grey, grey with alpha, RGB, RGBA. */
const colourTypes = [0, 4, 2, 6];

/**
 * Encodes an image as PNG, lossless, 8 bits per sample. 1 channel gives grey, 2 grey with alpha, 3 RGB, 4 RGBA.
 * Every value is kept exactly, in Node and in browsers; a canvas would round colours of transparent pixels.
 * @returns the bytes of the PNG file.
 * @throws TypeError if `image` is not a raw image; RangeError if it has more than 4 channels, or if `data` does not
 *   have width × height × channels bytes.
 * @example
 * const [image] = await glow.sample();
 * const png = await encodePng(image);
 * link.href = URL.createObjectURL(new Blob([png], { type: 'image/png' }));
 */
export async function encodePng(image: RawImage): Promise<Uint8Array> {
  const { data, width, height, channels } = checkRawImage(image, 'encodePng');
  const colourType = colourTypes[channels - 1];
  if (colourType === undefined) throw new RangeError(`encodePng: expected 1 to 4 channels, got ${channels}`);
  const stride = width * channels;
  const rows = new Uint8Array(height * (1 + stride)); // each row starts with its filter: 0 is no filter
  for (let y = 0; y < height; y++) {
    rows.set(data.subarray(y * stride, (y + 1) * stride), y * (1 + stride) + 1);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colourType, 0, 0, 0], 8);
  const chunks = [
    chunk('IHDR', header),
    chunk('IDAT', await deflate(rows)),
    chunk('IEND', new Uint8Array(0)),
  ];
  return concatenate([signature, ...chunks]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Compresses bytes to zlib data. */
async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(
      new CompressionStream('deflate') as ReadableWritablePair<Uint8Array, Uint8Array<ArrayBuffer>>,
    );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
