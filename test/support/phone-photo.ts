import type sharp from 'sharp';

/**
 * A JPEG as phones write them: 400×300 (height × width) when it is upright, stored on its side with an EXIF
 * orientation, with half the chroma samples.
 */
export async function phonePhoto(sharpOf: typeof sharp): Promise<Uint8Array<ArrayBuffer>> {
  const [width, height] = [400, 300];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return 128 + 90 * Math.sin(x / 31 + (i % 3)) + 30 * Math.cos((x * y) / 997);
  });
  const stored = sharpOf(data, { raw: { width, height, channels: 3 } }).withMetadata({ orientation: 6 });
  return Uint8Array.from(await stored.jpeg({ quality: 90, chromaSubsampling: '4:2:0' }).toBuffer());
}

/** What a call says of it by default on a model of this size. */
export const phonePhotoFitted = (side: number) =>
  ({ from: { height: 400, width: 300 }, to: { height: side, width: side }, by: 'cover' }) as const;
