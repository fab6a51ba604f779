import type { Fitted } from '../pictures/fits.js';
import type { RawImage } from '../pictures/images.js';
import type { Method } from '../restore/methods.js';
import type { EncodeOptions } from './encode-decode.js';
import type { FloatImage } from './float-image.js';

/** Of one image. */
export const mostSamples = 65_536;

/** Options of `inpaint`, `denoise` and `enlarge`. */
export interface RestoreOptions extends EncodeOptions {
  /** As many samples for each image, at most 65,536. Default: the one most likely image that the search finds. */
  readonly samples?: number;
  /**
   * Of the samples: 0 gives the most likely latents, 1 the variety of the training images. Default 0.8, and 0.9 for the
   * method `latents`.
   */
  readonly temperature?: number;
  /** Of the samples: an integer from 0 on; default 0. A sample depends on seed, image and its own place alone. */
  readonly seed?: number;
  /** Steps of a search; default 80 to 240, by task and method. */
  readonly steps?: number;
  /**
   * `density` climbs log p, `latents` looks for likely latents. Default: `density` for models of at most 5 bits. With more
   * bits the highest density lies at spikes that no image has, so there it is `latents`; but one most likely image whose hole
   * lies in an image without flat areas, as a photograph, is searched by `density` too.
   */
  readonly method?: Method;
  /**
   * Called with the start, as step 0, and after each step of a search. Of an image's samples that run together it shows
   * the first. An error that it throws ends the call.
   */
  readonly onStep?: (step: RestoreStep) => void;
}

/** A search under way. */
export interface RestoreStep {
  /** The place of the image in the call. */
  readonly image: number;
  /** The place of the sample that `picture` shows: the first of those that run together. */
  readonly sample: number;
  /** Steps that are done, from 0 on, and all of them. A second search of an unlikely result adds its own to both. */
  readonly step: number;
  readonly steps: number;
  /** The image as it is now. */
  readonly picture: RawImage;
}

export interface DenoiseOptions extends RestoreOptions {
  /** Standard deviation of the noise as a share of the range: 0.1 is 25.5 of 255. */
  readonly sigma: number;
}

export interface EnlargeOptions extends RestoreOptions {
  /** How many times larger each side becomes. */
  readonly factor: 2 | 4;
}

/** What became of one image. */
export interface Restored {
  /** One most likely image, or as many samples as asked for. */
  readonly images: RawImage[];
  /**
   * What was known, as an image: its unknown pixels are grey (`inpaint`), or it is the noisy image (`denoise`) or the small
   * one (`enlarge`), brought to the size that the search used.
   */
  readonly known: RawImage;
  /** log p of each at the centres of its bins, in nats. */
  readonly logProb: number[];
  /**
   * Whether bits/dim of each lie within the central 99 % of the images held out in training. An image far above is a
   * sign that the search has left the images. Null if the manifest has no histogram.
   */
  readonly typical: (boolean | null)[];
  /**
   * How each was found. `start` if the search found no image that is more likely than its start (`density`), or whose latents
   * are more likely (`latents`): the start, which is a smooth fill of a hole, the noisy image, or the small image with each
   * pixel enlarged. A sample does not compete with the start.
   */
  readonly method: (Method | 'start')[];
  /**
   * The mean of the samples, value by value; null for one image. Of all images it has the least squared error that the
   * samples expect. It is often blurred, and then it looks like no training image.
   */
  readonly mean: RawImage | null;
  /** Standard deviation of each value over the samples, in model units; null for one image. */
  readonly spread: FloatImage | null;
  /** How the image that was passed was brought to another size. Undefined if the model saw it at its own. */
  readonly fitted?: Fitted;
}
