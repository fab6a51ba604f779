import { createRandom } from '@glow-onnx/flow/random';
import { drawDefect } from './defects.mjs';
import { surfaces } from './surfaces.mjs';

/** Deviation of the camera's noise, as a share of the range. */
const cameraNoise = 0.012;

/**
 * A picture of a surface: `data`, RGB bytes, and `mask`, 1 for each pixel of its defect. The same numbers give the same
 * picture.
 * @param surface a name of `surfaces`. @param side in pixels.
 * @param defect { kind, contrast }, undefined for a good one.
 */
export function drawPicture(surface, side, seed, index, defect) {
  const random = createRandom(seed, index);
  const drawn = surfaces[surface](random);
  const { options, change, covers } = defect
    ? drawDefect(defect.kind, drawn, side, defect.contrast, random)
    : {};
  const data = new Uint8Array(side * side * 3);
  const mask = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = y * side + x;
      const colour = drawn.colour(x, y, options);
      const seen = change ? change(colour, x, y) : colour;
      const grey = random.normal() * cameraNoise * 0.5;
      for (let c = 0; c < 3; c++) {
        const value = seen[c] + grey + random.normal() * cameraNoise;
        data[at * 3 + c] = Math.round(Math.min(1, Math.max(0, value)) * 255);
      }
      mask[at] = covers?.(x, y) ? 1 : 0;
    }
  }
  return { data, mask, width: side, height: side };
}
