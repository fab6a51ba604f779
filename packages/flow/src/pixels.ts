/** Pixels are bytes 0…255; bins are q = 0…2ⁿ−1; x is what the flow sees, (q + u)/2ⁿ − ½. */

/** q = floor(p / 2^(8−n)). */
export function pixelToBin(pixel: number, bits: number): number {
  return pixel >> (8 - bits);
}

/** p = round(q·255 / (2ⁿ − 1)), so that the last bin is white. */
export function binToPixel(bin: number, bits: number): number {
  return Math.round((bin * 255) / (2 ** bits - 1));
}

/** (q + u)/2ⁿ − ½; u = ½ is the centre of the bin, a uniform draw of [0, 1) dequantises. */
export function binToModel(bin: number, bits: number, u = 0.5): number {
  return (bin + u) / 2 ** bits - 0.5;
}

/** q = clamp(floor((x + ½)·2ⁿ), 0, 2ⁿ − 1). NaN is not a pixel: callers check before. */
export function modelToBin(x: number, bits: number): number {
  const last = 2 ** bits - 1;
  return Math.min(Math.max(Math.floor((x + 0.5) * 2 ** bits), 0), last);
}

/**
 * Bits per dimension of n-bit pixels from the log density of x in nats.
 * bits/dim = −(log p(x) − D·n·ln 2) / (D·ln 2), D = channels·height·width.
 */
export function bitsPerDimension(logProb: number, dimensions: number, bits: number): number {
  return bits - logProb / (dimensions * Math.LN2);
}
