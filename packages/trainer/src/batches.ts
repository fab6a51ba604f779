import { createRandom, pixelToBin, type Random } from '@glow-onnx/flow';
import type { Dataset } from './data/dataset.js';
import type { Batch } from './engine/engine.js';

/** Streams of the seed that nothing else draws from: training's i-th image, validation's image i. */
const noiseStreams = { training: 2 ** 50, validation: 2 ** 49 } as const;

export function noise(seed: number, use: keyof typeof noiseStreams, index: number): Random {
  return createRandom(seed, noiseStreams[use] + index);
}

/**
 * Dequantised images: x = (q + u)/2ⁿ − ½, u uniform in [0, 1) from the stream that `noiseOf` gives for the i-th
 * image, so that neither batch size nor engine changes a draw.
 */
export function dequantise(
  data: Dataset,
  indices: Uint32Array,
  bits: number,
  noiseOf: (i: number) => Random,
): Batch {
  const pixels = data.batch(indices);
  const x = new Float32Array(pixels.length);
  const size = pixels.length / indices.length;
  for (let i = 0, at = 0; i < indices.length; i++) {
    const random = noiseOf(i);
    for (const end = at + size; at < end; at++) {
      x[at] = (pixelToBin(pixels[at], bits) + random.uniform()) / 2 ** bits - 0.5;
    }
  }
  return { count: indices.length, x };
}
