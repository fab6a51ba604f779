import type { RawImage } from './images.js';

/**
 * Resizes an image to width × height by the Lanczos kernel with three lobes: first along rows, then along columns.
 * When the image shrinks, the kernel is widened by the same factor, which avoids aliasing. Outside the image the edge
 * pixels repeat. All platforms use this one definition, so that a model gets the same pixels everywhere.
 * Source: Duchon 1979; widened as in Pillow and libvips.
 */
export function resize(image: RawImage, width: number, height: number): RawImage {
  const { channels } = image;
  const across = kernels(image.width, width);
  const down = kernels(image.height, height);
  const narrow = new Float32Array(image.height * width * channels);
  for (let y = 0, to = 0; y < image.height; y++) {
    for (const { start, weights } of across) {
      for (let c = 0; c < channels; c++, to++) {
        let sum = 0;
        for (
          let i = 0, from = (y * image.width + start) * channels + c;
          i < weights.length;
          i++, from += channels
        ) {
          sum += (weights[i] as number) * (image.data[from] as number);
        }
        narrow[to] = sum;
      }
    }
  }
  const row = width * channels;
  const data = new Uint8ClampedArray(height * row);
  for (const [y, { start, weights }] of down.entries()) {
    for (let x = 0; x < row; x++) {
      let sum = 0;
      for (let i = 0, from = start * row + x; i < weights.length; i++, from += row) {
        sum += (weights[i] as number) * (narrow[from] as number);
      }
      data[y * row + x] = sum; // rounds and clamps
    }
  }
  return { data: new Uint8Array(data.buffer), width, height, channels };
}

interface Kernel {
  /** The first source pixel. `weights` are for this pixel and the next ones. */
  readonly start: number;
  readonly weights: Float64Array;
}

/** The kernel of each of the `to` target pixels over the `from` source pixels. */
function kernels(from: number, to: number): Kernel[] {
  const scale = Math.max(from / to, 1);
  const reach = 3 * scale;
  return Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to - 0.5;
    const [first, last] = [Math.ceil(centre - reach), Math.floor(centre + reach)];
    const start = Math.max(first, 0);
    const weights = new Float64Array(Math.min(last, from - 1) - start + 1);
    let sum = 0;
    for (let at = first; at <= last; at++) {
      const weight = lanczos3((at - centre) / scale);
      const inside = Math.min(Math.max(at, 0), from - 1) - start;
      weights[inside] = (weights[inside] as number) + weight;
      sum += weight;
    }
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

function lanczos3(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= 3) return 0;
  const angle = Math.PI * x;
  return (3 * Math.sin(angle) * Math.sin(angle / 3)) / angle ** 2;
}
