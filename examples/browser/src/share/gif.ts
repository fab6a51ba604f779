/// <reference path="./gifenc.d.ts" />
import { convertChannels } from '@glow-onnx/flow/pixels';
import type { RawImage } from '@glow-onnx/runtime';
import { applyPalette, GIFEncoder, quantize } from 'gifenc';

/** The side of the film, at least, in pixels: chats show smaller ones too small. */
const leastSide = 256;
const frameMs = 100;
/** How long the film rests at each end. */
const restMs = 700;
/** What a frame of a GIF can hold. */
const mostColours = 256;

/**
 * A film that runs forwards and backwards, for ever. Each pixel of an image becomes a square. A frame of at most 256
 * colours, such as any of 16×16 pixels, keeps them all.
 */
export function encodeGif(images: readonly RawImage[]): Uint8Array {
  const [{ width, height }] = images as [RawImage];
  const scale = Math.max(1, Math.ceil(leastSide / Math.max(width, height)));
  const gif = GIFEncoder();
  for (const [i, image] of [...images, ...images.slice(1, -1).reverse()].entries()) {
    const { palette, indices } = coloursOf(image);
    const enlarged = enlarge(indices, width, height, scale);
    const delay = i === 0 || i === images.length - 1 ? restMs : frameMs;
    gif.writeFrame(enlarged, width * scale, height * scale, { palette, delay, repeat: 0 });
  }
  gif.finish();
  return gif.bytes();
}

/** The colours of an image, and the place of each pixel among them. */
function coloursOf({ data, channels }: RawImage): { palette: number[][]; indices: Uint8Array } {
  const rgb = convertChannels(Uint8Array.from(data), channels as 1 | 2 | 3 | 4, 3);
  const pixels = Array.from({ length: rgb.length / 3 }, (_, i) => [...rgb.subarray(3 * i, 3 * i + 3)]);
  const places = new Map<string, number>();
  for (const pixel of pixels) places.set(pixel.join(), places.get(pixel.join()) ?? places.size);
  if (places.size <= mostColours) {
    const palette = [...places.keys()].map((colour) => colour.split(',').map(Number));
    return { palette, indices: Uint8Array.from(pixels, (pixel) => places.get(pixel.join()) as number) };
  }
  const rgba = Uint8Array.from(pixels.flatMap((pixel) => [...pixel, 255]));
  const palette = quantize(rgba, mostColours);
  return { palette, indices: applyPalette(rgba, palette) };
}

function enlarge(indices: Uint8Array, width: number, height: number, scale: number): Uint8Array {
  const row = width * scale;
  return Uint8Array.from({ length: row * height * scale }, (_, i) => {
    const [x, y] = [Math.floor((i % row) / scale), Math.floor(i / row / scale)];
    return indices[y * width + x] as number;
  });
}
