import type { Orientation } from './exif.js';
import type { RawImage } from './images.js';

/**
 * Turns a stored image upright. A row of two pixels at orientation 6 becomes a column, the left pixel at the top.
 */
export function orient(image: RawImage, orientation: Orientation): RawImage {
  if (orientation === 1) return image;
  const { width, height, channels, data } = image;
  const transposed = orientation >= 5;
  const upright = { width: transposed ? height : width, height: transposed ? width : height };
  // Which axes of the stored image run backwards in the upright image.
  const mirrorX = [2, 3, 7, 8].includes(orientation);
  const mirrorY = [3, 4, 6, 7].includes(orientation);
  const turned = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < upright.height; y++) {
    for (let x = 0; x < upright.width; x++, to += channels) {
      const [fromX, fromY] = transposed ? [y, x] : [x, y];
      const column = mirrorX ? width - 1 - fromX : fromX;
      const row = mirrorY ? height - 1 - fromY : fromY;
      const from = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) turned[to + c] = data[from + c] as number;
    }
  }
  return { data: turned, ...upright, channels };
}
