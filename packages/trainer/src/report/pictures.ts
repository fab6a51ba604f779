import { setImmediate } from 'node:timers/promises';
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
 * backend that is open, else on wasm, one image after another: in between, the process hears signals. This takes about
 * as long as training on twelve images.
 * @throws `signal.reason` once it is aborted.
 */
export async function drawPictures(
  glow: Glow,
  params: LayerParams<Float64Tensor>,
  heldOut: Batch,
  seed: number,
  signal?: AbortSignal,
): Promise<Pictures> {
  if (!tf.getBackend()) await openDevice('wasm');
  const { config } = glow;
  const { height, width, channels } = config;
  const size = height * width * channels;
  /** The bins of images, each computed by itself. */
  const bins = async (count: number, compute: (image: number) => tf.Tensor): Promise<Uint8Array> => {
    const found = new Uint8Array(count * size);
    for (let image = 0; image < count; image++) {
      await setImmediate(); // the values of a tensor may come without a turn of the event loop
      signal?.throwIfAborted();
      const x = tf.tidy(() => compute(image));
      try {
        found.set(toBins(await x.data(), config.bits), image * size);
      } finally {
        x.dispose();
      }
    }
    return found;
  };
  const { inverse, forward } = tf.tidy(() => ({
    inverse: liftWeights(tfjsOps, inverseWeights(glow, params)),
    forward: liftWeights(tfjsOps, forwardWeights(glow, float64Ops, params)),
  }));
  try {
    const drawn = await bins(SAMPLES, (image) => {
      const latents = drawLatents(config, seed, image).map(imageTensor);
      const inTurn = Uint16Array.of(image % Math.max(config.classes, 1));
      return decode(glow, tfjsOps, latents, inverse, labelOf(config, inTurn));
    });
    const after = await bins(heldOut.count, (image) => {
      const own = labelOf(config, heldOut.classes?.subarray(image, image + 1));
      const pixels = heldOut.x.subarray(image * size, (image + 1) * size);
      const x = tf.tensor4d(pixels, [1, height, width, channels]);
      return decode(glow, tfjsOps, encode(glow, tfjsOps, x, forward, own).latents, inverse, own);
    });
    const before = toBins(heldOut.x, config.bits);
    return {
      samples: grid(config, drawn),
      reconstructions: grid(config, Buffer.concat([before, after]), heldOut.count),
      largestError: before.reduce((most, bin, i) => Math.max(most, Math.abs(bin - after[i])), 0),
    };
  } finally {
    tf.dispose([inverse, forward]);
  }
}

function labelOf({ classes }: GlowConfig, labels: Uint16Array | undefined): tf.Tensor | undefined {
  return classes > 0 && labels ? labelTensor(labels, classes) : undefined;
}

function drawLatents(config: GlowConfig, seed: number, image: number): Float64Tensor[] {
  const random = createRandom(seed, image);
  return latentShapes(config, 1, config.height, config.width).map((shape) =>
    tensor(
      shape,
      Float64Array.from({ length: sizeOf(shape) }, () => TEMPERATURE * random.normal()),
    ),
  );
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
