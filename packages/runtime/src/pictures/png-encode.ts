import { checkRawImage, type RawImage } from './images.js';
import { deflate } from './streams.js';

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** By channels: grey, grey and alpha, RGB, RGBA. */
const colourTypes = [0, 4, 2, 6];

/**
 * A raw image as PNG: grey, RGB or with alpha, as its channels say. The very bytes, on every platform: a canvas would
 * round colours below alpha.
 * @throws RangeError if it has more than 4 channels, or its sizes do not fit.
 */
export async function encodePng(image: RawImage): Promise<Uint8Array> {
  const { data, width, height, channels } = checkRawImage(image, 'encodePng');
  const colourType = colourTypes[channels - 1];
  if (colourType === undefined) throw new RangeError(`encodePng: expected 1 to 4 channels, got ${channels}`);
  const stride = width * channels;
  const rows = new Uint8Array(height * (1 + stride)); // each row behind its filter: 0, none
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

const crcTable = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** Source: PNG specification, annex D. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
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
