import { createRandom, shuffle } from '@glow-onnx/flow/random';

/** Sides of the patches in pixels: as they are, and of the picture reduced by two. */
const side = 5;
/** Numbers of a patch that are kept, drawn at random. */
const kept = 48;

/**
 * Statistics of good patches in the manner of PaDiM (Defard et al. 2021, arXiv:2011.08785): a normal distribution of the
 * numbers around a pixel, of which a random choice is kept. In place of a pretrained network's features these are the
 * pixels of patches at two scales; and one distribution for all places, because textures have no fixed position.
 * @param pictures { data, width, height }, RGB bytes.
 * @returns a function that gives the map of a picture: the squared Mahalanobis distance at each pixel.
 */
export function learnPatches(pictures, seed = 1) {
  const chosen = Array.from({ length: 2 * side * side * 3 }, (_, i) => i);
  shuffle(chosen, createRandom(seed, 0));
  chosen.length = kept;
  const sums = new Float64Array(kept);
  const products = Array.from({ length: kept }, () => new Float64Array(kept));
  let count = 0;
  for (const picture of pictures) {
    for (const numbers of patchesOf(picture, chosen)) {
      for (let i = 0; i < kept; i++) {
        sums[i] += numbers[i];
        const row = products[i];
        for (let j = 0; j <= i; j++) row[j] += numbers[i] * numbers[j];
      }
      count++;
    }
  }
  const mean = sums.map((sum) => sum / count);
  const factor = cholesky(
    products.map((row, i) =>
      row.map((product, j) => (j > i ? 0 : product / count - mean[i] * mean[j] + (i === j ? 1e-5 : 0))),
    ),
  );
  return (picture) => {
    const map = new Float64Array(picture.width * picture.height);
    let at = 0;
    for (const numbers of patchesOf(picture, chosen)) map[at++] = distance(numbers, mean, factor);
    return map;
  };
}

/** The chosen numbers around each pixel, in rows; the same array again and again. Beyond the border: its nearest pixel. */
function* patchesOf({ data, width, height }, chosen) {
  const small = halved({ data, width, height });
  const offsets = chosen.map((index) => {
    const [scale, rest] = [Math.floor(index / (side * side * 3)), index % (side * side * 3)];
    const [place, c] = [Math.floor(rest / 3), rest % 3];
    return [scale, (place % side) - 2, Math.floor(place / side) - 2, c];
  });
  const numbers = new Float64Array(chosen.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      offsets.forEach(([scale, dx, dy, c], i) => {
        const from = scale ? small : { data, width, height };
        const u = Math.min(from.width - 1, Math.max(0, (x >> scale) + dx));
        const v = Math.min(from.height - 1, Math.max(0, (y >> scale) + dy));
        numbers[i] = from.data[(v * from.width + u) * 3 + c] / 255;
      });
      yield numbers;
    }
  }
}

function halved({ data, width, height }) {
  const [w, h] = [width >> 1, height >> 1];
  const small = new Float64Array(w * h * 3);
  for (let i = 0; i < small.length; i++) {
    const [pixel, c] = [Math.floor(i / 3), i % 3];
    const at = (2 * Math.floor(pixel / w) * width + 2 * (pixel % w)) * 3 + c;
    small[i] = (data[at] + data[at + 3] + data[at + width * 3] + data[at + width * 3 + 3]) / 4;
  }
  return { data: small, width: w, height: h };
}

/** The lower triangle L with L·Lᵀ = matrix. */
function cholesky(matrix) {
  const lower = matrix.map((row) => Float64Array.from(row));
  for (let i = 0; i < lower.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i][j];
      for (let k = 0; k < j; k++) sum -= lower[i][k] * lower[j][k];
      lower[i][j] = i === j ? Math.sqrt(sum) : sum / lower[j][j];
    }
  }
  return lower;
}

/** (numbers − mean)ᵀ · (L·Lᵀ)⁻¹ · (numbers − mean), by forward substitution. */
function distance(numbers, mean, lower) {
  const solved = new Float64Array(mean.length);
  let sum = 0;
  for (let i = 0; i < solved.length; i++) {
    let value = numbers[i] - mean[i];
    for (let k = 0; k < i; k++) value -= lower[i][k] * solved[k];
    solved[i] = value / lower[i][i];
    sum += solved[i] * solved[i];
  }
  return sum;
}
