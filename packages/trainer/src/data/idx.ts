import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { checkMemory, type DatasetOptions, type Pictures, pickEvenly } from './dataset.js';

/** Bytes of an IDX file, unpacked: MNIST's training images are 47 MB. */
const maxFileBytes = 2 ** 31 - 1;
const headerBytes = 16;

/**
 * Reads the images of an IDX file (MNIST, Fashion-MNIST), packed by gzip or not. A larger size asked for pads
 * them with zeros: 28×28 to 32×32 by two on every side.
 * @throws Error if it is not an IDX file of grey images; RangeError if the size or channels asked for do not fit.
 */
export async function readIdx(path: string, options: DatasetOptions): Promise<Pictures> {
  const bytes = await unpack(path, await readFile(path));
  const { count, height, width } = readHeader(path, bytes);
  const size = options.size ?? { height, width };
  if (size.height < height || size.width < width) {
    throw new RangeError(
      `data: ${path} has images of ${height}×${width}, expected to fit ${size.height}×${size.width}; ` +
        `an IDX file's images are padded, never shrunk: pass a larger --size or none`,
    );
  }
  if (options.channels === 3) {
    throw new RangeError(`data: ${path} has grey images, expected 3 channels; ask for 1 channel or none`);
  }
  const taken = pickEvenly(count, options.limit);
  const stride = size.height * size.width;
  checkMemory(path, taken.length, stride);
  const pixels = new Uint8Array(taken.length * stride);
  const top = Math.floor((size.height - height) / 2);
  const left = Math.floor((size.width - width) / 2);
  taken.forEach((index, i) => {
    for (let y = 0; y < height; y++) {
      const from = headerBytes + (index * height + y) * width;
      pixels.set(bytes.subarray(from, from + width), i * stride + (top + y) * size.width + left);
    }
  });
  return { name: basename(path), ...size, channels: 1, pixels };
}

async function unpack(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxFileBytes });
  } catch (cause) {
    throw new Error(`data: ${path} cannot be unpacked by gzip; fetch it again`, { cause });
  }
}

/** Magic 0 0 type dimensions, then each dimension as a big-endian uint32. */
function readHeader(path: string, bytes: Uint8Array): { count: number; height: number; width: number } {
  const magic = bytes.subarray(0, 4).join(' ');
  if (magic === '0 0 8 1') {
    throw new Error(`data: ${path} holds labels, expected images; pass the file named …-images-idx3-ubyte`);
  }
  if (magic !== '0 0 8 3' || bytes.length < headerBytes) {
    throw new Error(
      `data: ${path} is neither a folder, a sheet nor an IDX file of grey images: expected it to begin with the ` +
        `bytes 0 0 8 3, got ${magic || 'an empty file'}; pass one of those`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [count, height, width] = [view.getUint32(4), view.getUint32(8), view.getUint32(12)];
  const expected = headerBytes + count * height * width;
  if (expected === headerBytes || bytes.length !== expected) {
    throw new Error(
      `data: ${path} says ${count} images of ${height}×${width}, expected ${expected} bytes and at least one pixel, ` +
        `got ${bytes.length}; it is cut short or not whole: fetch it again`,
    );
  }
  return { count, height, width };
}
