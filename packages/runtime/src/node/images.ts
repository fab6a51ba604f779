import { checkRawImage, type ImageCodec, type RawImage } from '../images.js';
import { writeFileAtomic } from './write-file.js';

/** Loads sharp when first needed, so that raw pixels work without it. */
async function loadSharp() {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    throw new Error('pictures: sharp cannot be loaded; install it with: npm install sharp', { cause });
  }
}

/**
 * Reads and resizes pictures with sharp. Read pictures are upright (EXIF), in sRGB, RGB or RGBA, at 8 bits: of
 * 16 the upper 8. A picture of more than `maxPixels` is an error before it is decoded.
 */
export function sharpCodec(maxPixels: number): ImageCodec {
  return {
    async read(source) {
      const sharp = await loadSharp();
      const picture = sharp(source, { limitInputPixels: maxPixels }).autoOrient().toColourspace('srgb');
      const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
      return { data, width: info.width, height: info.height, channels: info.channels };
    },
    async resize({ data, channels, ...size }, width, height) {
      const sharp = await loadSharp();
      const raw = { ...size, channels: channels as 1 | 2 | 3 | 4 };
      const resized = sharp(data, { raw }).resize(width, height, { fit: 'fill' });
      const space = channels < 3 ? 'b-w' : 'srgb';
      return { data: await resized.toColourspace(space).raw().toBuffer(), width, height, channels };
    },
  };
}

/** A raw image as PNG: grey, RGB or with alpha, as its channels say. */
export async function encodePng(image: RawImage): Promise<Uint8Array> {
  const { data, width, height, channels } = checkRawImage(image, 'encodePng');
  const sharp = await loadSharp();
  const raw = { width, height, channels: channels as 1 | 2 | 3 | 4 };
  return sharp(data, { raw })
    .toColourspace(channels < 3 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}

/** Writes a raw image as a PNG file, whole or not at all, in place of what stood there. */
export async function writePng(path: string, image: RawImage): Promise<void> {
  await writeFileAtomic(path, await encodePng(image));
}
