import type { GlowConfig, NoisyPixels } from '@glow-onnx/flow';
import { binToModel, modelToBin } from '@glow-onnx/flow/internal';

/** The images of a training step. */
export interface Batch {
  /** Number of images. */
  readonly count: number;
  /**
   * Dequantised images in model units (−½ to ½), row-major: count × height × width × channels. With n = `config.bits`
   * and noise u uniform in [0, 1): x = (q + u) / 2ⁿ − ½, where q is the byte shifted right by 8 − n. With n = 0, numbers.
   */
  readonly x: Float32Array;
  /** The class of each image, from 0. A model with classes needs it. */
  readonly classes?: Uint16Array;
}

/** @throws RangeError if a model of this config cannot take the batch, with the value found and the value expected. */
export function checkBatch(
  { channels, height, width, classes }: GlowConfig,
  { count, x, classes: labels }: Batch,
): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`batch: count must be a positive integer, got ${count}`);
  }
  const expected = count * height * width * channels;
  if (x.length !== expected) {
    const images = `${count} images of ${height}×${width}×${channels}`;
    throw new RangeError(
      `batch: x of ${images} must have ${expected} values, got ${x.length}; crop or resize the images`,
    );
  }
  if (classes === 0) return;
  if (labels === undefined) {
    throw new RangeError(`batch: a model of ${classes} classes needs the class of each image; pass classes`);
  }
  if (labels.length !== count) {
    throw new RangeError(
      `batch: classes must have ${count} values, one for each image, got ${labels.length}`,
    );
  }
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new RangeError(
      `batch: classes[${wrong}] must be from 0 to ${classes - 1}, got ${labels[wrong]}; pass the classes of this model`,
    );
  }
}

/** Splits a batch into at most `most` parts of nearly equal size, in order. No part is empty. */
export function splitBatch({ count, x, classes }: Batch, most: number): Batch[] {
  const parts = Math.min(most, count);
  const stride = x.length / count;
  return Array.from({ length: parts }, (_, i) => {
    const from = Math.round((i * count) / parts);
    const to = Math.round(((i + 1) * count) / parts);
    return {
      count: to - from,
      x: x.slice(from * stride, to * stride),
      ...(classes && { classes: classes.slice(from, to) }),
    };
  });
}

/**
 * Takes dequantised images apart, for a dequantiser: the centres of their bins, and the logit of their uniform noise,
 * which is logistic. Noise is a multiple of 2^(bits − 25) in float32; at 0 and 1 it is moved inside by half of that.
 * @param bits of the model, above 0.
 */
export function takeApart(x: Float32Array, bits: number): NoisyPixels<Float32Array> {
  const edge = 2 ** (bits - 26);
  const centre = new Float32Array(x.length);
  const noise = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const bin = modelToBin(x[i], bits);
    const u = Math.min(Math.max((x[i] + 0.5) * 2 ** bits - bin, edge), 1 - edge);
    centre[i] = binToModel(bin, bits);
    noise[i] = Math.log(u) - Math.log1p(-u);
  }
  return { centre, noise };
}
