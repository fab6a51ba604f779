/**
 * How a stored image is turned or mirrored: 1 upright, 2 mirrored left to right, 3 turned by 180°, 4 both,
 * 5 transposed, 6 needs a clockwise quarter turn, 7 transposed across the other diagonal, 8 needs an anticlockwise
 * quarter turn.
 * Source: EXIF 2.32, tag 0x0112.
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export interface StoredOrientation {
  readonly orientation: Orientation;
}

export const upright: StoredOrientation = { orientation: 1 };

/**
 * Reads the orientation from EXIF data, a number of 16 or 32 bits. Missing or broken data mean upright, as in other
 * decoders.
 */
export function exifOrientation(view: DataView, start: number, length: number): StoredOrientation {
  try {
    // WebP and some PNG files repeat the segment name of JPEG before the data.
    const named = view.getUint32(start) === 0x45786966; // 'Exif'
    const tiff = named ? start + 6 : start;
    const end = Math.min(start + length, view.byteLength);
    const data = new DataView(view.buffer, view.byteOffset + tiff, end - tiff);
    const little = data.getUint16(0) === 0x4949; // 'II'
    const directory = data.getUint32(4, little);
    const entries = data.getUint16(directory, little);
    for (let i = 0; i < entries; i++) {
      const entry = directory + 2 + 12 * i;
      if (data.getUint16(entry, little) !== 0x0112) continue;
      const isLong = data.getUint16(entry + 2, little) === 4;
      const value = isLong ? data.getUint32(entry + 8, little) : data.getUint16(entry + 8, little);
      return value >= 1 && value <= 8 ? { orientation: value as Orientation } : upright;
    }
  } catch {
    // An offset points outside the data: broken EXIF data are ignored.
  }
  return upright;
}
