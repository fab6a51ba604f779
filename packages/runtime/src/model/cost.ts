import type { GlowConfig } from '@glow-onnx/flow/manifest';
import type { PictureSize } from '../pictures/limits.js';
import type { Device } from '../sessions/device.js';

/** What one image needs in one graph, as estimated before it runs. */
export interface Cost {
  /** Memory in bytes, beside that of the opened model. */
  readonly bytes: number;
  /** Seconds on a processor; undefined on a GPU, whose speed is not known. */
  readonly seconds: number | undefined;
}

type Shape = Pick<GlowConfig, 'channels' | 'hiddenChannels' | 'levels' | 'steps'>;

/**
 * Estimates what one image needs in the encode graph or in the decode graph.
 * @param cores processor cores that run the model.
 */
export function costOf(config: Shape, { height, width }: PictureSize, device: Device, cores: number): Cost {
  const pixels = height * width;
  const speed = operationsPerSecond[device];
  return {
    bytes: pixels * bytesPerPixel(config),
    seconds: speed && (pixels * operationsPerPixel(config)) / (speed * cores),
  };
}

/** For one batch, in bytes. An image that needs more runs alone. */
export const batchBytes = 128 * 2 ** 20;

/**
 * Memory of a run for each pixel. A conditioner at the finest level takes the most: two hidden images and a few images
 * of the flow, each with a quarter of the pixels, in float32. ONNX Runtime took 1.0 to 2.1 times these values, measured
 * on cpu and wasm in six models of 16 to 512 hidden channels.
 */
export function bytesPerPixel({
  channels,
  hiddenChannels,
}: Pick<Shape, 'channels' | 'hiddenChannels'>): number {
  const values = (2 * hiddenChannels + 6 * 4 * channels) / 4;
  return 2 * Float32Array.BYTES_PER_ELEMENT * values;
}

/** Multiplications and additions for each pixel in the convolutions of all conditioners. */
function operationsPerPixel({ channels, hiddenChannels: hidden, levels, steps }: Shape): number {
  let operations = 0;
  for (let level = 0; level < levels; level++) {
    const flow = channels * 4 * 2 ** level;
    const perPosition = 2 * steps * ((9 * flow * hidden) / 2 + hidden ** 2 + 9 * hidden * flow);
    operations += perPosition / 4 ** (level + 1);
  }
  return operations;
}

/** Of one core that has nothing else to do. */
const operationsPerSecond: { readonly [device in Device]?: number } = { cpu: 60e9, wasm: 12e9 };
