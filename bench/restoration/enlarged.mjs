// Plain ways to enlarge a picture twice.

/** Every pixel becomes a block. */
export function blocks(picture) {
  return enlarged(picture, [[1], [1]], [0, 0]);
}

/** Cubic convolution by Catmull and Rom: a quarter of a pixel to the left and to the right of each pixel. */
export function bicubic(picture) {
  const right = [-9 / 128, 111 / 128, 29 / 128, -3 / 128];
  return enlarged(picture, [right.toReversed(), right], [-2, -1]);
}

/** @param taps weights of the two new pixels in place of an old one. @param from where their first old pixels lie. */
function enlarged({ data, height, width, channels }, taps, from) {
  const at = (y, x, c) =>
    data[(Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))) * channels + c];
  const larger = Uint8Array.from({ length: 4 * data.length }, (_, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const [y, x] = [Math.floor(pixel / (2 * width)), pixel % (2 * width)];
    let sum = 0;
    for (const [dy, a] of taps[y % 2].entries()) {
      for (const [dx, b] of taps[x % 2].entries()) {
        sum += a * b * at((y >> 1) + from[y % 2] + dy, (x >> 1) + from[x % 2] + dx, c);
      }
    }
    return Math.min(255, Math.max(0, Math.round(sum)));
  });
  return { data: larger, height: 2 * height, width: 2 * width, channels };
}
