import { createRandom } from '@glow-onnx/flow';
import type { RawImage } from '@glow-onnx/runtime';
import { tinyConfig } from './tiny-config.js';

/** A model of 8×8 RGB at 5 bits. */
export const config = tinyConfig();

/** A seeded image of noise. */
export function noise(index: number, height = 8, width = 8, channels = 3): RawImage {
  const random = createRandom(5, index);
  const data = Uint8Array.from({ length: height * width * channels }, () => random.below(256));
  return { data, height, width, channels };
}

/** Five images of two sizes. */
export const images = [noise(0), noise(1, 4, 12), noise(2), noise(3, 4, 12), noise(4)];

/** The 5-bit values of each image, which a model gives back exactly. */
export const bins = (of: readonly RawImage[]) => of.map(({ data }) => [...data].map((p) => p >> 3));
