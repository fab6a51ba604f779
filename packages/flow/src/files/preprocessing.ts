import type { GlowConfig } from '../model/config.js';
import { takesPixels } from '../pixels.js';

/** The steps from a picture, or from numbers, to x, for programs without this package. All of them follow from the config. */
export interface Preprocessing {
  /** x is batch × channels × height × width. */
  layout: 'NCHW';
  channels: number;
  /** The channels in order: grey, rgb, or unnamed for numbers, and for 2 channels or more than 3. */
  colour: 'grey' | 'rgb' | 'unnamed';
  /** The conversion of images with other channels. */
  conversion: string;
  /** Bits per channel that the model keeps of a pixel's 8; 0 for numbers. */
  bits: number;
  /** x as a function of the pixel p, 0 … 255, or of the number v. */
  formula: string;
  /** The smallest and largest x; null for numbers, which have no bounds. */
  range: [number, number] | null;
  /** Of the training images. */
  height: number;
  width: number;
  /** Divides height and width of every picture. */
  multipleOf: number;
  /** A picture of another size is not resized: it is an error. */
  fit: 'none';
}

/**
 * How a picture becomes x for a model of this config; `@glow-onnx/runtime` does the same. Manifests state the texts, so
 * another wording is another format version.
 */
export function preprocessingOf({ channels, bits, height, width, levels }: GlowConfig): Preprocessing {
  const bins = 2 ** bits;
  const isNumbers = !takesPixels({ bits });
  const colour = isNumbers ? 'unnamed' : channels === 1 ? 'grey' : channels === 3 ? 'rgb' : 'unnamed';
  const conversions = {
    grey: 'alpha over white, colour to luma (0.299 R + 0.587 G + 0.114 B)',
    rgb: 'alpha over white, grey repeated',
    unnamed: 'none',
  };
  return {
    layout: 'NCHW',
    channels,
    colour,
    conversion: conversions[colour],
    bits,
    formula: isNumbers ? 'x = v' : `x = (floor(p / ${256 / bins}) + 0.5) / ${bins} - 0.5`,
    range: isNumbers ? null : [0.5 / bins - 0.5, 0.5 - 0.5 / bins],
    height,
    width,
    multipleOf: 2 ** levels,
    fit: 'none',
  };
}
