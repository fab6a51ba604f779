// The bits of a picture by a small adaptive code, as another compressor for `excess`.

/** How much the neighbours differ, in so many steps of a factor of two. Each context learns by itself. */
const contexts = 8;

/**
 * Bits/dim of the picture's n-bit values: the sum of −log₂ of the probability that each has after those before it. An arithmetic
 * coder comes within two bits of a picture; none is run. Each plane is coded in rows. The prediction is that of LOCO-I
 * (Weinberger, Seroussi & Sapiro 2000, §III-A), plus the error in the channel before. The error is 0 with a probability, or lies
 * at a distance with a geometric distribution on both sides; a context learns both from its errors so far.
 * @param picture { data, height, width, channels } of values below 2^bits.
 */
export function adaptiveBits({ data, height, width, channels }, bits) {
  const most = 2 ** bits - 1;
  let length = 0;
  const errors = new Int16Array(height * width);
  for (let channel = 0; channel < channels; channel++) {
    const at = (y, x) => (y < 0 || x < 0 || x >= width ? 0 : data[(y * width + x) * channels + channel]);
    const learned = Array.from({ length: contexts }, (_, context) =>
      learner(4 * 2 ** Math.max(0, context - 1)),
    );
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [left, up, upLeft, upRight] = [at(y, x - 1), at(y - 1, x), at(y - 1, x - 1), at(y - 1, x + 1)];
        const activity = Math.abs(left - upLeft) + Math.abs(up - upLeft) + Math.abs(upRight - up);
        const context = activity === 0 ? 0 : Math.min(contexts - 1, 1 + Math.floor(Math.log2(activity)));
        const before = channel > 0 ? errors[y * width + x] : 0;
        const predicted = Math.max(0, Math.min(most, median(left, up, left + up - upLeft) + before));
        errors[y * width + x] = at(y, x) - predicted;
        length += learned[context](at(y, x), predicted, most);
      }
    }
  }
  return length / data.length;
}

/** Gives the bits of each value after the ones before, and learns from it. @param distance the mean one, as one error. */
function learner(distance) {
  let [sum, others, zeros] = [distance, 0, 0];
  return (value, predicted, most) => {
    const size = Math.abs(value - predicted);
    const zero = (zeros + 0.5) / (zeros + others + 1);
    const scale = Math.max(0.3, sum / (others + 1));
    const ratio = scale / (1 + scale);
    const side = (distance) => (ratio * (1 - ratio ** distance)) / (1 - ratio);
    const share = ratio ** size / (side(predicted) + side(most - predicted));
    if (size === 0) zeros++;
    else [sum, others] = [sum + size, others + 1];
    return -Math.log2(size === 0 ? zero : (1 - zero) * share);
  };
}

const median = (a, b, c) => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
