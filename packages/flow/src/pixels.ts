/**
 * Pixels are bytes 0…255; bins are q = 0…2ⁿ−1; x is what the flow sees, (q + u)/2ⁿ − ½. With n = 0 nothing is a pixel: x
 * are real numbers, as they are given.
 */

/** Whether a model of this config takes pixels, which lie in bins. If not, it takes real numbers. */
export function takesPixels({ bits }: { readonly bits: number }): boolean {
  return bits > 0;
}

/** The values of a model in words: `8 bits`, or `numbers`. */
export function describeValues({ bits }: { readonly bits: number }): string {
  return bits > 0 ? `${bits} bit${bits === 1 ? '' : 's'}` : 'numbers';
}

/** q = floor(p / 2^(8−n)). */
export function pixelToBin(pixel: number, bits: number): number {
  return pixel >> (8 - bits);
}

/** p = round(q·255 / (2ⁿ − 1)), so that the last bin is white. */
export function binToPixel(bin: number, bits: number): number {
  return Math.round((bin * 255) / ((1 << bits) - 1));
}

/** x = (q + u)/2ⁿ − ½. u = ½ is the centre of the bin; a uniform u in [0, 1) dequantises. */
export function binToModel(bin: number, bits: number, u = 0.5): number {
  return (bin + u) / (1 << bits) - 0.5;
}

/** The same as float32, which never rounds up into the next bin. */
export function binToFloat32(bin: number, bits: number, u: number): number {
  const end = (bin + 1) / (1 << bits) - 0.5;
  const x = Math.fround(binToModel(bin, bits, u));
  return x < end ? x : end - 2 ** -25; // the distance of float32 numbers from ¼ to ½
}

/** q = clamp(floor((x + ½)·2ⁿ), 0, 2ⁿ − 1). The caller must check for NaN. */
export function modelToBin(x: number, bits: number): number {
  const last = (1 << bits) - 1;
  return Math.min(Math.max(Math.floor((x + 0.5) * (1 << bits)), 0), last);
}

/**
 * Bits per dimension of n-bit pixels from the log density of x in nats.
 * bits/dim = −(log p(x) − D·n·ln 2) / (D·ln 2), D = channels·height·width. With n = 0 they are those of a density, which
 * depend on the unit of the numbers and may be negative.
 */
export function bitsPerDimension(logProb: number, dimensions: number, bits: number): number {
  return bits - logProb / (dimensions * Math.LN2);
}

/**
 * Converts pixels (1 grey, 2 grey and alpha, 3 RGB, 4 RGBA) to 1 grey or 3 RGB channels. Alpha is composited over
 * white, grey is repeated, and RGB becomes luma (Rec. 601, as in JPEG). RGBA 0 0 0 128, half-transparent black, becomes
 * RGB 127 127 127. data: height × width × channels.
 */
export function convertChannels(data: Uint8Array, from: 1 | 2 | 3 | 4, to: 1 | 3): Uint8Array {
  if (from === to) return data;
  const converted = new Uint8Array((data.length / from) * to);
  const [red, green, blue] = from < 3 ? [0, 0, 0] : [0, 1, 2];
  for (let read = 0, write = 0; read < data.length; read += from, write += to) {
    const alpha = from % 2 === 0 ? (data[read + from - 1] as number) / 255 : 1;
    const r = overWhite(data[read + red] as number, alpha);
    const g = overWhite(data[read + green] as number, alpha);
    const b = overWhite(data[read + blue] as number, alpha);
    if (to === 1) {
      converted[write] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    } else {
      converted[write] = Math.round(r);
      converted[write + 1] = Math.round(g);
      converted[write + 2] = Math.round(b);
    }
  }
  return converted;
}

/** A colour 0…255 with opacity 0…1 over white. */
function overWhite(colour: number, alpha: number): number {
  return 255 + (colour - 255) * alpha;
}
