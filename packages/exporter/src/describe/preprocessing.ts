import type { GlowConfig } from '@glow-onnx/flow';
import type { Preprocessing } from '@glow-onnx/flow/internal';

/** How a picture becomes x for a model of this config; `@glow-onnx/runtime` does the same. */
export function preprocessingOf({ channels, bits, height, width, levels }: GlowConfig): Preprocessing {
  const bins = 2 ** bits;
  const colour = channels === 1 ? 'grey' : channels === 3 ? 'rgb' : 'unnamed';
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
    formula: `x = (floor(p / ${256 / bins}) + 0.5) / ${bins} - 0.5`,
    range: [0.5 / bins - 0.5, 0.5 - 0.5 / bins],
    height,
    width,
    multipleOf: 2 ** levels,
    fit: 'none',
  };
}
