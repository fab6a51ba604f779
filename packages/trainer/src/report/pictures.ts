import {
  createRandom,
  decode,
  encode,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  type Glow,
  type GlowConfig,
  inverseWeights,
  type LayerParams,
  tensor,
} from '@glow-onnx/flow';
import { binToPixel, latentShapes, liftWeights, modelToBin, sizeOf } from '@glow-onnx/flow/internal';
import { imageGrid, type RawImage } from '@glow-onnx/runtime/node';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../engine/batch.js';
import { openDevice } from '../tfjs/device.js';
import { labelTensor } from '../tfjs/tfjs-differentiator.js';
import { imageTensor, tfjsOps } from '../tfjs/tfjs-ops.js';

/** Samples and reconstructions of a model, as grids of images. */
export interface Pictures {
  /** 16 images drawn from the model, from the same latents every time, at temperature 0.7. */
  readonly samples: RawImage;
  /** Above: up to eight held-out images, evenly spread over the data. Below: the images decoded from their latents. */
  readonly reconstructions: RawImage;
  /** Largest difference between the two rows, in bins. 0 if the model inverts exactly. */
  readonly largestError: number;
}

const SAMPLES = 16;
const COLUMNS = 8;
/** Held-out images that are reconstructed: one row. */
export const reconstructed = COLUMNS;
/** Below 1, as in the Glow paper: more of the samples are coherent. */
const TEMPERATURE = 0.7;
/** Width of a tile in pixels of the grid. */
const TILE = 64;

/**
 * Draws samples from a model, and encodes and decodes held-out images. TensorFlow.js computes them on the
 * backend that is open, else on wasm. This takes about as long as training on twelve images.
 */
export async function drawPictures(
  glow: Glow,
  params: LayerParams<Float64Tensor>,
  heldOut: Batch,
  seed: number,
): Promise<Pictures> {
  if (!tf.getBackend()) await openDevice('wasm');
  const { config } = glow;
  const sampled = drawLatents(config, seed);
  const [samples, restored] = tf.tidy(() => {
    const inverse = liftWeights(tfjsOps, inverseWeights(glow, params));
    const own = labelOf(config, heldOut.classes);
    const x = tf.tensor4d(heldOut.x, [heldOut.count, config.height, config.width, config.channels]);
    const forward = liftWeights(tfjsOps, forwardWeights(glow, float64Ops, params));
    const { latents } = encode(glow, tfjsOps, x, forward, own);
    const inTurn = Uint16Array.from({ length: SAMPLES }, (_, i) => i % Math.max(config.classes, 1));
    return [
      decode(glow, tfjsOps, sampled.map(imageTensor), inverse, labelOf(config, inTurn)),
      decode(glow, tfjsOps, latents, inverse, own),
    ];
  });
  const bins = async (x: tf.Tensor): Promise<Uint8Array> => {
    const values = await x.data();
    x.dispose();
    return toBins(values, config.bits);
  };
  const [drawn, after] = [await bins(samples), await bins(restored)];
  const before = toBins(heldOut.x, config.bits);
  return {
    samples: grid(config, drawn),
    reconstructions: grid(config, Buffer.concat([before, after]), heldOut.count),
    largestError: before.reduce((most, bin, i) => Math.max(most, Math.abs(bin - after[i])), 0),
  };
}

function labelOf({ classes }: GlowConfig, labels: Uint16Array | undefined): tf.Tensor | undefined {
  return classes > 0 && labels ? labelTensor(labels, classes) : undefined;
}

function drawLatents(config: GlowConfig, seed: number): Float64Tensor[] {
  const shapes = latentShapes(config, 1, config.height, config.width);
  const latents = shapes.map(([, ...shape]) =>
    tensor([SAMPLES, ...shape], new Float64Array(SAMPLES * sizeOf(shape))),
  );
  for (let i = 0; i < SAMPLES; i++) {
    const random = createRandom(seed, i);
    for (const { data } of latents) {
      const size = data.length / SAMPLES;
      for (let k = 0; k < size; k++) data[i * size + k] = TEMPERATURE * random.normal();
    }
  }
  return latents;
}

/** A bad decoder may return NaN, which is shown as bin 0. */
function toBins(x: ArrayLike<number>, bits: number): Uint8Array {
  return Uint8Array.from(x, (value) => modelToBin(value, bits) || 0);
}

function grid({ channels, height, width, bits }: GlowConfig, bins: Uint8Array, columns = COLUMNS): RawImage {
  const size = height * width * channels;
  const pixels = Uint8Array.from(bins, (bin) => binToPixel(bin, bits));
  const images = Array.from({ length: pixels.length / size }, (_, i) => ({
    data: pixels.subarray(i * size, (i + 1) * size),
    ...{ height, width, channels },
  }));
  const scale = Math.max(1, Math.round(TILE / Math.max(height, width)));
  return imageGrid(images, { columns, scale, gap: 4 });
}
