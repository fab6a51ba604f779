import type { Method } from './signatures.js';

/** The methods that give or take pictures, and what does the same with numbers. */
const withNumbers: { readonly [M in Method]?: string } = {
  prepare: 'encode takes numbers as they are',
  decode: 'call decodeFloats',
  reconstruct: 'call encode and decodeFloats',
  sample: 'call sampleFloats',
  interpolate: 'encode both, and call decodeFloats with latents in between',
  mix: 'encode both, and call decodeFloats with levels of each',
  applyAttribute: 'add the direction to latents, and call decodeFloats',
  inpaint: 'restoration needs pictures',
  denoise: 'restoration needs pictures',
  enlarge: 'restoration needs pictures',
};

/** @throws RangeError if a model of numbers lacks the method. */
export function refusePixels(method: Method): void {
  const instead = withNumbers[method];
  if (instead === undefined) return;
  throw new RangeError(`${method}: this model has numbers, not pixels; ${instead}`);
}
