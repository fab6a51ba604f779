/// <reference lib="esnext.disposable" preserve="true" />
import type { GlowConfig, Manifest, Precision } from '@glow-onnx/flow/manifest';
import type { Calibration } from '../calibration/calibration.js';
import type { RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import type { Device } from '../sessions/device.js';
import type { SkippedDevice } from '../sessions/devices.js';
import type { SelfTestOutcome } from '../sessions/self-test.js';
import type { CalibrateOptions } from './calibrate.js';
import type { EditOptions } from './edit.js';
import type { DecodeOptions, Encoded, EncodeOptions, FittedImage, PrepareOptions } from './encode-decode.js';
import type { Features } from './features.js';
import type { FloatImage } from './float-image.js';
import type { DecodeGradient, LogProbGradient } from './gradient.js';
import type { InterpolateOptions } from './interpolate.js';
import type { Latents } from './latents.js';
import type { DrawOptions } from './measure.js';
import type { DenoiseOptions, EnlargeOptions, Restored, RestoreOptions } from './restored.js';
import type { SampleOptions } from './sample.js';
import type { Score, ScoreOptions } from './score.js';
import type { Surprise, SurpriseOptions } from './surprise.js';

export type OneOrMore<T> = T | readonly T[];

/**
 * A loaded model. Its methods take one item or an array, and return an array in the same order unless they say
 * otherwise. A model of numbers (`config.bits` is 0) has no pictures: it refuses the methods that give or take them,
 * and names others.
 *
 * A method rejects with a TypeError or RangeError if an argument does not fit the model, with BatchError if some of
 * several images fail, with `signal.reason` if the call is aborted, and with WorkerError if its worker ends.
 */
export interface GlowModel extends AsyncDisposable {
  /** Sizes and choices of the flow: channels, height, width, levels, bits and more. */
  readonly config: GlowConfig;
  /** The model folder's manifest.json: files, training, measured errors. */
  readonly manifest: Manifest;
  /** How the weights are stored. */
  readonly precision: Precision;
  /** The device that runs the model. */
  readonly device: Device;
  /** Devices that were passed over, and why. */
  readonly skipped: readonly SkippedDevice[];
  /** Whether the device has computed the golden images of the folder: now, at an earlier load, or not at all. */
  readonly selfTest: SelfTestOutcome;

  /**
   * The images as the model sees them: its channels, the size that `fit` gives, n bits per channel. Runs no graph.
   * @example const [seen] = await model.prepare('photo.jpg');
   */
  prepare(images: OneOrMore<ImageInput>, options?: PrepareOptions): Promise<FittedImage[]>;

  /**
   * The latents of each image and log p(x) at the centres of its bins, in nats. Deterministic.
   * `z[i].levels[l]` has the shape [channels, height, width] of level l; level 0 is the finest.
   * An image may also be given as numbers: { shape: [channels, height, width], data }, in model units.
   * @example const { z, logProb, fitted } = await model.encode(['a.png', 'b.png']);
   */
  encode(images: OneOrMore<ImageInput | FloatImage>, options?: EncodeOptions): Promise<Encoded>;

  /**
   * The images of latents. Their values have the model's bits, spread over 0 to 255. The inverse of `encode`.
   * @example
   * const { z } = await model.encode('a.png');
   * const [image] = await model.decode(z);
   */
  decode(z: OneOrMore<Latents>, options?: DecodeOptions): Promise<RawImage[]>;

  /**
   * decode(encode(images)). Equal to what `prepare` returns, unless the device computes wrongly.
   * @example const [same] = await model.reconstruct('a.png');
   */
  reconstruct(images: OneOrMore<ImageInput>, options?: EncodeOptions): Promise<FittedImage[]>;

  /**
   * Draws new images: decodes seeded normal numbers times the temperature.
   * @throws RangeError if an option is out of range, or all images together are larger than 1 GiB.
   * @example const images = await model.sample({ count: 16, temperature: 0.8, seed: 1 });
   */
  sample(options?: SampleOptions): Promise<RawImage[]>;

  /**
   * Bits per dimension of each image, by seeded draws of its dequantisation: their mean, or with `bound: 'importance'`
   * a bound that is never above the mean. A lower value means a higher likelihood. A model of numbers takes
   * { shape, data }; its bits are those of a density, which may be negative.
   * @example const [bits] = await model.bitsPerDim('a.png', { draws: 16, bound: 'importance', seed: 1 });
   */
  bitsPerDim(images: OneOrMore<ImageInput | FloatImage>, options?: DrawOptions): Promise<number[]>;

  /**
   * How well each image resembles the training images, by three measures: its percentile and typicality among
   * held-out images, and its bits/dim beyond a lossless compressor. A model of numbers takes { shape, data }, and has
   * the first two. With a calibration also a p-value and a verdict.
   * @throws RangeError also if the calibration is of another model, was measured in another way, or has too few images
   *   for the false-alarm rate.
   * @example
   * const [{ typicality, excess }] = await model.score('a.png');
   * const [{ verdict }] = await model.score('a.png', { calibration, falseAlarms: 0.05 });
   */
  score(images: OneOrMore<ImageInput | FloatImage>, options?: ScoreOptions): Promise<Score[]>;

  /**
   * Measures good images, which training has not seen, so that `score` can say of a new image how often a good one looks
   * as strange. A quarter of them decides how the statistics are combined, the others are compared with.
   * `encodeCalibration` makes the result a file.
   * @throws RangeError also if the images are too few for the false-alarm rate, or all alike in a statistic.
   * @example
   * const calibration = await model.calibrate(goodImages, { falseAlarms: 0.01 });
   * const [{ verdict }] = await model.score('a.png', { calibration });
   */
  calibrate(images: OneOrMore<ImageInput | FloatImage>, options?: CalibrateOptions): Promise<Calibration>;

  /**
   * The bits of each pixel: the terms of −log₂ p(x), where they belong. They sum to bitsPerDim times the number of values
   * of the image. By the same draws as `bitsPerDim`. `form: 'gradient'` says instead how fast each pixel changes the
   * bits of the image.
   * @throws DeviceError if the device computes wrongly; RangeError for a gradient with precision fp16.
   * @example
   * const [{ map, bitsPerDim }] = await model.surprise('a.png');
   * console.log(map.shape, Math.max(...map.data)); // [16, 16], the bits of the most surprising pixel
   */
  surprise(images: OneOrMore<ImageInput | FloatImage>, options?: SurpriseOptions): Promise<Surprise[]>;

  /**
   * `steps` images from a to b, both included. Each of a and b is an image or latents. b is brought to the size of a;
   * if only one of them is latents, the image is brought to their size.
   * @example const path = await model.interpolate('a.png', 'b.png', { steps: 9, mode: 'spherical' });
   */
  interpolate(
    a: ImageInput | Latents,
    b: ImageInput | Latents,
    options?: InterpolateOptions,
  ): Promise<RawImage[]>;

  /**
   * One image: a, with these levels of b. Each of a and b is an image or latents, brought to one size as by
   * `interpolate`. Level 0 is the finest.
   * @example const mixed = await model.mix('a.png', 'b.png', [2, 3]);
   */
  mix(
    a: ImageInput | Latents,
    b: ImageInput | Latents,
    levels: readonly number[],
    options?: EditOptions,
  ): Promise<RawImage>;

  /**
   * The mean latents of images with an attribute, less the mean latents of images without it. All are
   * brought to one size: that of latents among them, else that of the first image.
   * @example const smile = await model.attributeDirection(['smile-1.png', 'smile-2.png'], ['calm-1.png']);
   */
  attributeDirection(
    withIt: OneOrMore<ImageInput | Latents>,
    without: OneOrMore<ImageInput | Latents>,
    options?: EditOptions,
  ): Promise<Latents>;

  /**
   * The images, with `strength` times a direction added to their latents. `strength` is one number for all levels,
   * or one for each, finest first. Strength 0 gives every pixel back. Images are brought to the size of the direction.
   * @example const [smiling] = await model.applyAttribute('a.png', smile, 1.5);
   */
  applyAttribute(
    images: OneOrMore<ImageInput | Latents>,
    direction: Latents,
    strength: number | readonly number[],
    options?: EditOptions,
  ): Promise<FittedImage[]>;

  /**
   * Completes images. The mask is light where a pixel is unknown and dark where it is known; transparent counts as light.
   * It has the size of its image, and is one for all images or one for each. Known pixels come back unchanged, at the
   * model's bits.
   * @throws RangeError if a mask has another size, or if nothing or everything is unknown.
   * @example
   * const [{ images, typical }] = await model.inpaint('face.png', 'mask.png');
   * const [several] = await model.inpaint('face.png', 'mask.png', { samples: 4, seed: 1 });
   */
  inpaint(
    images: OneOrMore<ImageInput>,
    mask: OneOrMore<ImageInput>,
    options?: RestoreOptions,
  ): Promise<Restored[]>;

  /**
   * Takes normal noise of deviation `sigma` off images; 0.1 is a tenth of the range.
   * @example const [{ images }] = await model.denoise('noisy.png', { sigma: 0.1 });
   */
  denoise(images: OneOrMore<ImageInput>, options: DenoiseOptions): Promise<Restored[]>;

  /**
   * Enlarges images 2 or 4 times: the mean of each block of the result is a pixel of the image, to about the width of a
   * bin. By default the result has the size of the training images.
   * @example const [{ images }] = await model.enlarge('small.png', { factor: 2 });
   */
  enlarge(images: OneOrMore<ImageInput>, options: EnlargeOptions): Promise<Restored[]>;

  /**
   * A description of each image to learn from: the mean activations of every conditioner in four parts of the image. A
   * class-conditional model needs no label for it. An image may also be given as numbers, in model units.
   * @throws DeviceError if no session opens; RangeError if the model gives numbers that are not finite.
   * @example
   * const [{ shape, data }] = await model.features('a.png');
   * console.log(shape); // [36, 96, 2, 2]: levels·steps, hidden channels, halves of height and width
   */
  features(images: OneOrMore<ImageInput | FloatImage>, options?: PrepareOptions): Promise<Features[]>;

  /**
   * decode(z) as numbers in model units, not rounded to bins.
   * @example
   * const [{ shape, data }] = await model.decodeFloats(z); // [3, 16, 16]
   */
  decodeFloats(z: OneOrMore<Latents>, options?: DecodeOptions): Promise<FloatImage[]>;

  /**
   * Draws as `sample` does, as numbers in model units. For models of numbers, which have no pictures.
   * @throws RangeError if an option is out of range, or all together are larger than 1 GiB.
   * @example const [{ shape, data }] = await model.sampleFloats({ temperature: 0.8, seed: 1 });
   */
  sampleFloats(options?: SampleOptions): Promise<FloatImage[]>;

  /**
   * log p(x) of each image at the centres of its bins, in nats, and its gradient ∂ log p(x)/∂x, in nats per unit of x.
   * An image may also be given as numbers: { shape: [channels, height, width], data }, in model units.
   * @throws DeviceError if the device computes the gradient wrongly; RangeError with precision fp16.
   * @example
   * const { logProb, gradient } = await model.logProbGradient('a.png');
   * console.log(logProb[0], gradient[0].shape); // [3, 16, 16]
   */
  logProbGradient(
    images: OneOrMore<ImageInput | FloatImage>,
    options?: EncodeOptions,
  ): Promise<LogProbGradient>;

  /**
   * decode(z) as numbers, and the transposed Jacobian of decode at z times a cotangent, which has the shape of x. If
   * the cotangent is ∂loss/∂x, the result is ∂loss/∂z.
   * @throws DeviceError if the device computes the gradient wrongly; RangeError with precision fp16.
   * @example
   * const { x, gradient } = await model.decodeGradient(z, cotangent);
   * console.log(gradient[0].levels[0].shape); // [6, 8, 8], as z[0].levels[0]
   */
  decodeGradient(
    z: OneOrMore<Latents>,
    cotangent: OneOrMore<FloatImage>,
    options?: DecodeOptions,
  ): Promise<DecodeGradient>;

  /**
   * Frees the model's sessions, and its worker, once calls under way have ended. Other methods then reject; further
   * calls of `dispose` do nothing. `await using` calls it at the end of the block.
   * @example await model.dispose();
   */
  dispose(): Promise<void>;
}
