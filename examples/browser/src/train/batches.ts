import { createRandom, type GlowConfig } from '@glow-onnx/flow';
import { binToModel, pixelToBin } from '@glow-onnx/flow/pixels';
import type { Batch } from '@glow-onnx/trainer/engine';
import { heldOutCount } from './plan.js';

/** The pixels of a picture: height × width × 3. */
export type Pixels = Uint8Array;

export interface BatchesOptions {
  readonly config: Pick<GlowConfig, 'bits' | 'width'>;
  /** Pictures of a batch. */
  readonly batch: number;
  /** Mirrors half of the training pictures, left to right. */
  readonly mirror: boolean;
  readonly seed: number;
}

/**
 * Splits pictures into those to learn from and those held out, at random, and makes batches of both: pixels with
 * uniform noise inside their bins, in model units.
 */
export function createBatches(pictures: readonly Pixels[], { config, batch, mirror, seed }: BatchesOptions) {
  const random = createRandom(seed);
  const mixed = shuffled(pictures, random.uniform);
  const held = heldOutCount(pictures.length);
  const [heldOut, training] = [mixed.slice(0, held), mixed.slice(held)];
  let upcoming: Pixels[] = [];

  const batchOf = (chosen: readonly Pixels[], uniform: () => number): Batch => {
    const toModel = (pixel: number) => binToModel(pixelToBin(pixel, config.bits), config.bits, uniform());
    return {
      count: chosen.length,
      x: Float32Array.from(
        chosen.flatMap((pixels) => [...pixels]),
        toModel,
      ),
    };
  };
  return {
    training: training.length,
    heldOut: heldOut.length,
    /** Each picture once, in a new order, then all of them again. */
    next(): Batch {
      while (upcoming.length < batch) upcoming = [...upcoming, ...shuffled(training, random.uniform)];
      const chosen = upcoming.slice(0, batch);
      upcoming = upcoming.slice(batch);
      return batchOf(
        chosen.map((pixels) => (mirror && random.uniform() < 0.5 ? mirrored(pixels, config.width) : pixels)),
        random.uniform,
      );
    },
    /** The held-out pictures with the same noise every time. */
    validation: (): Batch => batchOf(heldOut, createRandom(seed, 1).uniform),
  };
}

function shuffled<T>(items: readonly T[], uniform: () => number): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const k = Math.floor((i + 1) * uniform());
    [mixed[i], mixed[k]] = [mixed[k] as T, mixed[i] as T];
  }
  return mixed;
}

function mirrored(pixels: Pixels, width: number): Pixels {
  const row = width * 3;
  return Uint8Array.from(pixels, (_, i) => {
    const [start, x, channel] = [i - (i % row), Math.floor((i % row) / 3), i % 3];
    return pixels[start + 3 * (width - 1 - x) + channel] as number;
  });
}
