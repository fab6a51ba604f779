import { createRandom } from '@glow-onnx/flow';
import type { RawImage } from '@glow-onnx/runtime';

/** The source of u for the draws of an image: its stream is the 32-bit FNV-1a of its n-bit values, by BigInt. */
export function drawsOf({ data }: RawImage, bits: number, seed: number): () => number {
  let hash = 2166136261n;
  for (const pixel of data) hash = ((hash ^ BigInt(pixel >> (8 - bits))) * 16777619n) % 2n ** 32n;
  return createRandom(seed, Number(hash)).uniform;
}
