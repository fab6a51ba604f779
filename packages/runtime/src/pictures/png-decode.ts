import { crc32 } from '@glow-onnx/flow/manifest';
import { BrokenImageError } from './broken-image.js';
import type { RawImage } from './images.js';
import { createInflater, type Inflate } from './inflater.js';
import { unfilter } from './png-filter.js';
import { filteredBytes, type PngChunk, passesOf, pngChunks, readLayout } from './png-layout.js';
import { expanderOf, type PngColours } from './png-samples.js';

/**
 * Decodes a PNG to 8 bits per sample, without any colour conversion: no gamma and no profile is applied.
 *
 * - 16-bit samples keep their upper 8 bits. Samples of 1, 2 or 4 bits are scaled to 0 … 255.
 * - Palette indices become RGB, or RGBA if the palette has alpha.
 * - A transparent colour becomes an alpha channel.
 * - An animated PNG gives the image that programs without animation show.
 *
 * It is strict: a wrong checksum, and a chunk that the PNG format forbids and that could change pixels, are errors.
 * Bytes after IEND, and chunks that change no pixel, are ignored.
 * @throws BrokenImageError that names the broken part. Memory is allocated for the stated size only, so a small file
 *   cannot fill the memory.
 * Source: PNG specification, third edition.
 */
export async function decodePng(bytes: Uint8Array, inflate: Inflate): Promise<RawImage> {
  const layout = readLayout(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const { compressed, ...colours } = readChunks(bytes);
  const { channels, asStored, expand } = expanderOf(layout, colours);
  const { width, height } = layout;
  const data = new Uint8Array(width * height * channels);
  const step = Math.max((layout.samples * layout.depth) >> 3, 1);
  const pixels = createInflater(inflate(compressed), filteredBytes(layout));
  try {
    for (const pass of passesOf(layout)) {
      let [row, above] = [new Uint8Array(1 + pass.stride), new Uint8Array(1 + pass.stride)];
      for (let y = 0; y < pass.height; y++, [row, above] = [above, row]) {
        await pixels.fill(row);
        unfilter(row, above, step);
        const samples = row.subarray(1);
        const target = (pass.top + y * pass.stepY) * width + pass.left;
        if (asStored && pass.stepX === 1) data.set(samples, target * channels);
        else
          for (let x = 0; x < pass.width; x++) expand(samples, x, data, (target + x * pass.stepX) * channels);
      }
    }
    await pixels.finish();
  } finally {
    await pixels.close();
  }
  return { data, width, height, channels };
}

/** Collects the chunks that pixels depend on, in the order that the PNG format demands. */
function readChunks(bytes: Uint8Array): PngColours & { readonly compressed: readonly Uint8Array[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const compressed: Uint8Array[] = [];
  const found = new Map<string, Uint8Array>();
  let last = '';
  for (const { type, start, length } of pngChunks(view)) {
    checkChunk(view, bytes, { type, start, length });
    const data = bytes.subarray(start, start + length);
    const afterData = compressed.length > 0 && last !== 'IDAT';
    if (type === 'IDAT' ? afterData : isMisplaced(type, found, compressed.length > 0)) {
      throw new BrokenImageError(`the PNG has a ${type} chunk at a place that the PNG format forbids`);
    }
    if (type === 'IDAT') compressed.push(data);
    else found.set(type, data);
    last = type;
  }
  return { compressed, palette: found.get('PLTE'), transparency: found.get('tRNS') };
}

/** IHDR, PLTE and tRNS stand once, in this order, before the pixels. */
function isMisplaced(type: string, found: ReadonlyMap<string, unknown>, afterPixels: boolean): boolean {
  if (!['IHDR', 'PLTE', 'tRNS'].includes(type)) return false;
  return found.has(type) || afterPixels || (type === 'PLTE' && found.has('tRNS'));
}

/** Chunks whose names begin with a capital letter cannot be left out. */
const critical = ['IHDR', 'PLTE', 'IDAT', 'IEND'];

function checkChunk(view: DataView, bytes: Uint8Array, { type, start, length }: PngChunk): void {
  if (crc32(bytes.subarray(start - 4, start + length)) !== view.getUint32(start + length)) {
    throw new BrokenImageError(`the ${type} chunk of the PNG has a wrong checksum`);
  }
  if (/^[A-Z]/.test(type) && !critical.includes(type)) {
    throw new BrokenImageError(
      `the PNG needs its ${type} chunk, which is unknown; save it again in another program`,
    );
  }
}
