import type { FitOptions } from './call.js';
import type { ClassLabel } from './labels.js';

/**
 * Options of calls that combine images. Images that are combined have one size: that of latents among them or of the
 * direction, otherwise that of the first image. Whatever `fit` is, every other image is brought to it, by `cover`
 * where `fit` gives another size.
 */
export interface EditOptions extends FitOptions {
  /** The class of all images of the call. Class-conditional models require it, others refuse it. */
  readonly label?: ClassLabel;
}
