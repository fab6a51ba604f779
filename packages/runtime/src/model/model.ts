/// <reference lib="esnext.disposable" preserve="true" />
import type { GlowConfig, Manifest, Precision } from '@glow-onnx/flow/manifest';
import type { RawImage } from '../pictures/images.js';
import type { ImageInput } from '../pictures/input.js';
import type { Device } from '../sessions/device.js';
import type { SkippedDevice } from '../sessions/devices.js';
import type { SelfTestOutcome } from '../sessions/self-test.js';
import type { EditOptions, InterpolateOptions } from './edit.js';
import type { DecodeOptions, EncodeOptions, PrepareOptions } from './encode-decode.js';
import type { Latents } from './latents.js';
import type { SampleOptions } from './sample.js';
import type { Score, ScoreOptions } from './score.js';

export type OneOrMore<T> = T | readonly T[];

/** A loaded model. Methods take one item or an array and return arrays in its order, unless they say otherwise. */
export interface GlowModel extends AsyncDisposable {
  readonly config: GlowConfig;
  readonly manifest: Manifest;
  readonly precision: Precision;
  readonly device: Device;
  /** Devices passed over, and why. */
  readonly skipped: readonly SkippedDevice[];
  /** Whether the device was seen to compute the folder's golden images: now, at an earlier load, or not at all. */
  readonly selfTest: SelfTestOutcome;
  /** The pictures as the model sees them: its channels, a size that divides, n bits per colour. Runs no graph. */
  prepare(images: OneOrMore<ImageInput>, options?: PrepareOptions): Promise<RawImage[]>;
  /** Latents of each picture and the log density of its bin centres, in nats. Deterministic. */
  encode(
    images: OneOrMore<ImageInput>,
    options?: EncodeOptions,
  ): Promise<{ z: Latents[]; logProb: number[] }>;
  decode(z: OneOrMore<Latents>, options?: DecodeOptions): Promise<RawImage[]>;
  /** decode(encode(images)): what `prepare` gives, if all is well. */
  reconstruct(images: OneOrMore<ImageInput>, options?: EncodeOptions): Promise<RawImage[]>;
  sample(options?: SampleOptions): Promise<RawImage[]>;
  /** Bits per dimension of each picture, averaged over seeded dequantisation draws: lower is likelier. */
  bitsPerDim(images: OneOrMore<ImageInput>, options?: ScoreOptions): Promise<number[]>;
  /** Whether each picture is of the kind that the model was trained on, by three measures. */
  score(images: OneOrMore<ImageInput>, options?: ScoreOptions): Promise<Score[]>;
  /** The way from a to b, each a picture or latents. */
  interpolate(
    a: ImageInput | Latents,
    b: ImageInput | Latents,
    options?: InterpolateOptions,
  ): Promise<RawImage[]>;
  /** One picture: a with these levels of b, each a picture or latents. Level 0 is the finest. */
  mix(
    a: ImageInput | Latents,
    b: ImageInput | Latents,
    levels: readonly number[],
    options?: EditOptions,
  ): Promise<RawImage>;
  /** The mean latents of pictures with an attribute less those of pictures without it, all of one size. */
  attributeDirection(
    withIt: OneOrMore<ImageInput | Latents>,
    without: OneOrMore<ImageInput | Latents>,
    options?: EditOptions,
  ): Promise<Latents>;
  /**
   * Pictures with `strength` times a direction added to their latents; a strength per level, finest first, or one
   * for all. Strength 0 gives every pixel back.
   */
  applyAttribute(
    images: OneOrMore<ImageInput | Latents>,
    direction: Latents,
    strength: number | readonly number[],
    options?: EditOptions,
  ): Promise<RawImage[]>;
  /** Frees its sessions, once calls under way have ended. Further calls of `dispose` do nothing, others fail. */
  dispose(): Promise<void>;
}
