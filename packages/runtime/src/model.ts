/// <reference lib="esnext.disposable" preserve="true" />
import type { GlowConfig, Manifest } from '@glow-onnx/flow/manifest';
import type { SkippedDevice } from './devices.js';
import type { Fit } from './fit.js';
import type { ImageInput, RawImage } from './images.js';
import type { Label } from './labels.js';
import type { InterpolationMode, Latents } from './latents.js';
import type { EncodeOptions } from './model-images.js';
import type { Device } from './session.js';

export type OneOrMore<T> = T | readonly T[];

export interface ScoreOptions extends EncodeOptions {
  /** Dequantisation draws to average over; default 8. */
  readonly draws?: number;
  /** Default 0. */
  readonly seed?: number;
}

export interface SampleOptions {
  /** Default 1. */
  readonly count?: number;
  /** Factor on the latents; default 1. 0.7 to 0.9 gives calmer, more typical pictures. */
  readonly temperature?: number;
  /** Default 0. Image i depends on seed and i alone. */
  readonly seed?: number;
  /** Default: the training pictures' size. */
  readonly height?: number;
  readonly width?: number;
  readonly label?: Label;
}

export interface InterpolateOptions {
  readonly fit?: Fit;
  readonly label?: number;
  /** Images in all, both ends included; default 8. */
  readonly steps?: number;
  /** Default linear. */
  readonly mode?: InterpolationMode;
}

/** A loaded model. Methods take one item or an array and return arrays in its order. */
export interface GlowModel extends AsyncDisposable {
  readonly config: GlowConfig;
  readonly manifest: Manifest;
  readonly device: Device;
  /** Devices passed over, and why. */
  readonly skipped: readonly SkippedDevice[];
  /** Latents of each picture and the log density of its bin centres, in nats. Deterministic. */
  encode(
    images: OneOrMore<ImageInput>,
    options?: EncodeOptions,
  ): Promise<{ z: Latents[]; logProb: number[] }>;
  /** Bits per dimension of each picture, averaged over seeded dequantisation draws: lower is likelier. */
  bitsPerDim(images: OneOrMore<ImageInput>, options?: ScoreOptions): Promise<number[]>;
  decode(z: OneOrMore<Latents>, options?: Pick<EncodeOptions, 'label'>): Promise<RawImage[]>;
  sample(options?: SampleOptions): Promise<RawImage[]>;
  /** The way from a to b, each a picture or latents. */
  interpolate(
    a: ImageInput | Latents,
    b: ImageInput | Latents,
    options?: InterpolateOptions,
  ): Promise<RawImage[]>;
  /** decode(encode(images)): the pictures as n-bit models see them, if all is well. */
  reconstruct(images: OneOrMore<ImageInput>, options?: EncodeOptions): Promise<RawImage[]>;
  /** Frees its sessions. Further calls do nothing. */
  dispose(): Promise<void>;
}
