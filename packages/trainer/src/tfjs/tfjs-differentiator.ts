import {
  type Dequantisation,
  dequantise,
  encodeDequantised,
  type Float64Tensor,
  forwardWeights,
  type Glow,
  initialise,
  type Named,
  type Ops,
} from '@glow-onnx/flow';
import { oneHot } from '@glow-onnx/runtime/internal';
import * as tf from '@tensorflow/tfjs-core';
import { type Batch, takeApart } from '../engine/batch.js';
import type { Differentiator } from '../engine/differentiator.js';
import { parameterLayout } from '../engine/parameters.js';
import { scoresOf } from '../engine/scores.js';
import { orthogonalise } from './orthogonalise.js';
import { createTape } from './tape.js';
import { createTfjsOps, tfjsOps } from './tfjs-ops.js';

/** Gradients by TensorFlow.js on its current backend. `fixed`: the parameters of the model that are not trained. */
export function createTfjsDifferentiator(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  description: string,
): Differentiator {
  const { places, size } = parameterLayout(glow);
  const { channels, height, width, classes, bits } = glow.config;
  const dimensions = channels * height * width;
  const gradient = new Float32Array(size);

  const lift = (parameters: Float32Array): Record<string, tf.Tensor> =>
    Object.fromEntries(
      places.map(({ name, shape, from, to }) => [
        name,
        // A copy: tf.tensor may keep its array, and the learner changes the parameters in place.
        tf.tensor(parameters.slice(from, to), [...shape]),
      ]),
    );
  const image = (x: Float32Array): tf.Tensor =>
    tf.tensor4d(x, [x.length / dimensions, height, width, channels]);
  /** log p of each image, less the log density of its noise, and the part of each level. */
  const score = (
    ops: Ops<tf.Tensor>,
    trainable: Named<tf.Tensor>,
    batch: Batch,
    dequantisation: Dequantisation,
  ) => {
    const weights = forwardWeights(glow, ops, { trainable, fixed });
    const apart = dequantisation === 'variational' && takeApart(batch.x, bits);
    const images = apart ? { centre: image(apart.centre), noise: image(apart.noise) } : { x: image(batch.x) };
    return encodeDequantised(glow, ops, dequantise(glow, ops, images, weights), weights, label(batch));
  };
  const label = (batch: Batch): tf.Tensor | undefined =>
    classes > 0 && batch.classes ? labelTensor(batch.classes, classes) : undefined;

  return {
    description,
    async initialise(parameters, batch) {
      const trainable = tf.tidy(() =>
        initialise(glow, tfjsOps, image(batch.x), { trainable: lift(parameters), fixed }),
      );
      const values = new Float32Array(size);
      await readInto(
        values,
        places.map(({ name }) => trainable[name]),
      );
      return values;
    },
    async gradient(parameters, batch) {
      const [logProb, levels, ...gradients] = tf.tidy(() => {
        const trainable = lift(parameters);
        const tape = createTape(places.map(({ name }) => trainable[name]));
        const ops = createTfjsOps(tape.apply);
        const { logProb: y, logProbLevels } = score(
          ops,
          trainable,
          batch,
          glow.dequantiser ? 'variational' : 'uniform',
        );
        const nats = [tf.clone(y), tf.stack(logProbLevels)]; // clones: the tape disposes of its tensors
        const slope = -1 / (batch.count * dimensions * Math.LN2);
        return [...nats, ...tape.gradients(y, tf.fill([batch.count], slope))];
      });
      const byLevel = (await levels.array()) as number[][];
      const scores = scoresOf(glow.config, await logProb.data(), byLevel);
      tf.dispose([logProb, levels]);
      await readInto(gradient, gradients);
      return { ...scores, gradient };
    },
    async evaluate(parameters, batch, dequantisation) {
      const logProb = tf.tidy(() => score(tfjsOps, lift(parameters), batch, dequantisation).logProb);
      const { bitsPerDim } = scoresOf(glow.config, await logProb.data(), []);
      logProb.dispose();
      return bitsPerDim;
    },
    orthogonalise,
    dispose: async () => {},
  };
}

/** Reads tensors into a vector, one after the other, and disposes of them. */
async function readInto(vector: Float32Array, tensors: readonly tf.Tensor[]): Promise<void> {
  let at = 0;
  // All reads start at once: on a GPU each takes a while.
  for (const values of await Promise.all(tensors.map((tensor) => tensor.data()))) {
    vector.set(values, at);
    at += values.length;
  }
  tf.dispose(tensors as tf.Tensor[]);
}

/** One-hot labels as an image of one pixel: [count, 1, 1, classes]. */
export function labelTensor(labels: Uint16Array, classes: number): tf.Tensor {
  return tf.tensor4d(oneHot(labels, classes), [labels.length, 1, 1, classes]);
}
