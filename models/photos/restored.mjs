// How well the model completes photographs it has not seen, beside harmonic fill: PSNR inside the hole.
import { createRandom } from '@glow-onnx/flow/random';
import { harmonic } from '../../bench/restoration/harmonic.mjs';

/** Two ways to damage a photograph: mask pixels of 255 are unknown. */
export const damages = {
  'half of the pixels missing': (side, random) =>
    Uint8Array.from({ length: side * side }, () => (random.uniform() < 0.5 ? 255 : 0)),
  'ten scratches': scratches,
};

/** Ten straight lines of one or two pixels from edge to edge. */
function scratches(side, random) {
  const mask = new Uint8Array(side * side);
  for (let line = 0; line < 10; line++) {
    const [from, to] = [random.uniform() * side, random.uniform() * side];
    const thick = 1 + random.below(2);
    const upright = random.below(2) === 1;
    for (let along = 0; along < side; along++) {
      const across = Math.floor(from + ((to - from) * along) / side);
      for (let i = 0; i < thick && across + i < side; i++) {
        mask[upright ? along * side + across + i : (across + i) * side + along] = 255;
      }
    }
  }
  return mask;
}

/** @returns by damage, for each crop: PSNR in the hole of harmonic fill and of the model, and the pictures. */
export async function restored(glow, crops, seed = 1) {
  const result = {};
  for (const [k, [name, damage]] of Object.entries(damages).entries()) {
    result[name] = [];
    for (const [i, truth] of crops.entries()) {
      const { width, height } = truth;
      const mask = { data: damage(width, createRandom(seed, 100 * k + i)), width, height, channels: 1 };
      const filled = harmonic(truth, mask);
      const [{ images, known }] = await glow.inpaint(truth, mask, { seed, fit: 'none' });
      result[name].push({
        harmonic: psnr(truth, filled, mask),
        model: psnr(truth, images[0], mask),
        pictures: [known, filled, images[0], truth],
      });
    }
  }
  return result;
}

const isUnknown = (mask, at) => mask.data[Math.floor(at / 3)] === 255;

function psnr(truth, found, mask) {
  let [sum, count] = [0, 0];
  for (const [at, value] of truth.data.entries()) {
    if (!isUnknown(mask, at)) continue;
    sum += (value - found.data[at]) ** 2;
    count++;
  }
  return 10 * Math.log10(255 ** 2 / (sum / count));
}
