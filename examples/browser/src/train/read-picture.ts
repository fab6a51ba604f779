import type { RawImage } from '@glow-onnx/runtime';
import type { Pixels } from './batches.js';

/** The most bytes of a picture file. */
const mostBytes = 2 ** 28;

/**
 * Reads a picture as a square of `side` pixels: the largest square in its middle, made smaller. Transparency becomes
 * white. A picture of exactly this size keeps every pixel.
 * @throws Error if the browser cannot read it.
 */
export async function readPicture(source: Blob | RawImage, side: number): Promise<Pixels> {
  const bitmap = source instanceof Blob ? await decode(source) : bitmapOf(source);
  try {
    return rgbOf(shrink(bitmap, side));
  } finally {
    if ('close' in bitmap) bitmap.close();
  }
}

async function decode(file: Blob): Promise<ImageBitmap> {
  if (file.size > mostBytes) throw new Error(`is too large: ${Math.round(file.size / 2 ** 20)} MiB`);
  try {
    return await createImageBitmap(file, { colorSpaceConversion: 'none' });
  } catch {
    throw new Error('is no picture that this browser can read');
  }
}

function bitmapOf({ data, width, height, channels }: RawImage): OffscreenCanvas {
  const grey = channels < 3;
  const rgba = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 4), i % 4];
    if (channel === 3) return channels % 2 === 0 ? (data[(pixel + 1) * channels - 1] as number) : 255;
    return data[pixel * channels + (grey ? 0 : channel)] as number;
  });
  const canvas = new OffscreenCanvas(width, height);
  contextOf(canvas).putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

/** Halves the square until the last step is less than a half: one large step would miss most pixels in some browsers. */
function shrink(bitmap: ImageBitmap | OffscreenCanvas, side: number): OffscreenCanvas {
  let size = Math.min(bitmap.width, bitmap.height);
  let area = [(bitmap.width - size) / 2, (bitmap.height - size) / 2, size, size] as const;
  let source: ImageBitmap | OffscreenCanvas = bitmap;
  for (;;) {
    const next = size / 2 > side ? Math.ceil(size / 2) : side;
    const canvas = new OffscreenCanvas(next, next);
    const context = contextOf(canvas);
    context.fillStyle = 'white';
    context.fillRect(0, 0, next, next);
    context.imageSmoothingEnabled = size > next;
    context.imageSmoothingQuality = 'high';
    context.drawImage(source, ...area, 0, 0, next, next);
    if (next === side) return canvas;
    [source, size, area] = [canvas, next, [0, 0, next, next]];
  }
}

function rgbOf(canvas: OffscreenCanvas): Pixels {
  const { data } = contextOf(canvas).getImageData(0, 0, canvas.width, canvas.height);
  return Uint8Array.from(
    { length: (data.length / 4) * 3 },
    (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)] as number,
  );
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser cannot create a canvas');
  return context;
}
