import { describe, type Manifest } from '@glow-onnx/flow/manifest';
import { takesPixels } from '@glow-onnx/flow/pixels';
import { isUrl } from '../folder/stores/address.js';
import type { Fit, Fitted } from '../pictures/fits.js';
import { shownName } from '../pictures/shown-name.js';
import { isFloatImage } from './float-image.js';
import { type Label, labelsFor } from './labels.js';

/** Options of every call that runs the model. */
export interface CallOptions {
  /** Called after each batch with the number of images that are done, and of all images of the call. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /**
   * Aborts the call, which then rejects with `signal.reason`: at once if the model has a worker, otherwise as soon as
   * its current batch has run. ONNX Runtime cannot stop within a batch.
   */
  readonly signal?: AbortSignal;
}

/** Options of every call that takes images. */
export interface FitOptions extends CallOptions {
  /** The size at which the model sees each image; default `'cover'`: the size of the training images. */
  readonly fit?: Fit;
  /**
   * Called for each image that is brought to another size, before it runs. `image` is its place among the images of the
   * call: of `interpolate` and `mix`, a is 0 and b is 1; of `attributeDirection`, those of `without` come last.
   */
  readonly onFit?: (fitted: Fitted & { readonly image: number }) => void;
}

/** A call of one of the model's methods on some images. */
export interface Call extends CallOptions {
  /** The method. Every message starts with it. */
  readonly name: string;
  readonly count: number;
  /** The word for several of what is counted. */
  readonly plural: 'images' | 'feature maps';
  /** The name of an image in messages. */
  readonly nameOf: (image: number) => string;
  readonly placeOf: (image: number) => Place;
  /** Notes that an image was brought to another size, and tells the caller. */
  readonly noteFit: (image: number, fitted: Fitted) => void;
  /** Undefined if the image was not brought to another size. */
  readonly fitOf: (image: number) => Fitted | undefined;
}

/** An image's place in its call, and what belongs to it from there on. */
export interface Place {
  readonly image: number;
  /** The call and the image: every message about the image starts with it. */
  readonly where: string;
  /** The image's class, if the model has classes. */
  readonly label: number | undefined;
}

/**
 * @param inputs the call's images. One that is a path or an address is named by it in messages, numbers by their name,
 * @param nameInList and any other by its place. Default: its place in `images`, or among the feature maps.
 * @throws RangeError if the label does not fit the model or the number of images; TypeError if it does not and an input
 *   can be no image.
 */
export function startCall(
  manifest: Pick<Manifest, 'config' | 'training'>,
  name: string,
  inputs: ArrayLike<unknown>,
  { label, onProgress, onFit, signal }: FitOptions & { readonly label?: Label } = {},
  nameInList = takesPixels(manifest.config) ? inImages : inFeatureMaps,
): Call {
  const count = inputs.length;
  const plural = takesPixels(manifest.config) ? 'images' : 'feature maps';
  const nameOf = (image: number) => ownName(inputs[image]) ?? nameInList(image);
  const whereOf = (image: number) =>
    count > 1 || ownName(inputs[image]) !== undefined ? `${name}: ${nameOf(image)}` : name;
  let labels: ReturnType<typeof labelsFor>;
  try {
    labels = labelsFor(manifest, label, count, name);
  } catch (error) {
    checkThere(inputs, whereOf); // an image that is missing is the first thing to mend
    throw error;
  }
  const placeOf = (image: number) => ({ image, where: whereOf(image), label: labels?.[image] });
  const fits = new Map<number, Fitted>();
  const noteFit = (image: number, fitted: Fitted) => {
    fits.set(image, fitted);
    onFit?.({ image, ...fitted });
  };
  const fitOf = (image: number) => fits.get(image);
  return {
    ...{ name, count, plural, nameOf, placeOf, noteFit, fitOf },
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  };
}

/** @throws TypeError if an input can be no image and no latents, whatever it holds. */
function checkThere(inputs: ArrayLike<unknown>, whereOf: (image: number) => string): void {
  if (!Array.isArray(inputs)) return;
  for (const [image, input] of inputs.entries()) {
    const isPromise = typeof input?.then === 'function';
    if (!isPromise && (typeof input === 'string' || Object(input) === input)) continue;
    const got = isPromise ? 'a Promise; await it first' : describe(input);
    throw new TypeError(`${whereOf(image)}: expected an image or latents, got ${got}`);
  }
}

/** The name that an input has by itself. */
function ownName(input: unknown): string | undefined {
  const name = isFloatImage(input) ? input.name : input;
  return (typeof name === 'string' && name !== '') || isUrl(name) ? shownName(name) : undefined;
}

const inImages = (image: number): string => `images[${image}]`;
const inFeatureMaps = (item: number): string => `feature map ${item}`;

/** The images of a call, one after another. @throws `signal.reason` if the call is aborted. */
export function* placesOf({ count, placeOf, signal }: Call): Generator<Place> {
  for (let image = 0; image < count; image++) {
    signal?.throwIfAborted();
    yield placeOf(image);
  }
}
