import { createRandom } from '@glow-onnx/flow/random';
import type { RawImage } from '@glow-onnx/runtime';

/** A picture of noise, the same everywhere. */
export function picture(index: number, height: number, width: number): RawImage {
  const random = createRandom(5, index);
  const data = Uint8Array.from({ length: height * width * 3 }, () => random.below(256));
  return { data, height, width, channels: 3 };
}
