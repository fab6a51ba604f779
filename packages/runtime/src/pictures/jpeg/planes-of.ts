import { BrokenImageError } from '../broken-image.js';
import type { Component, Frame } from './frame.js';
import { inverseDct } from './inverse-dct.js';
import type { Plane } from './upsample.js';

/** The samples of all components. */
export function planesOf(frame: Frame): Plane[] {
  return frame.components.map((component) => planeOf(component, frame));
}

/** Computes the samples of a component from its coefficients. */
function planeOf({ coefficients, steps }: Component, { width, height, components }: Frame): Plane {
  if (!steps) throw new BrokenImageError('the JPEG lacks a quantisation table');
  const { values, stride: blocks, across, down } = coefficients;
  const stride = 8 * blocks;
  const samples = new Uint8ClampedArray(values.length);
  for (let y = 0; y < coefficients.height; y++) {
    for (let x = 0; x < coefficients.width; x++) {
      inverseDct(values, 64 * (y * blocks + x), steps, samples, 8 * (y * stride + x), stride);
    }
  }
  const most = {
    across: Math.max(...components.map((each) => each.coefficients.across)),
    down: Math.max(...components.map((each) => each.coefficients.down)),
  };
  return {
    samples,
    stride,
    width: Math.ceil((width * across) / most.across),
    height: Math.ceil((height * down) / most.down),
    across: most.across / across,
    down: most.down / down,
  };
}
