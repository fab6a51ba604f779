import * as tf from '@tensorflow/tfjs-core';
import { newtonSchulz, type Orthogonalise } from '../engine/muon.js';

/** `Orthogonalise` by TensorFlow.js on its current backend. */
export const orthogonalise: Orthogonalise = async (stacks) => {
  const turned = tf.tidy(() => stacks.map(({ shape, data }) => orthogonal(tf.tensor(data, [...shape]))));
  try {
    const numbers = await Promise.all(turned.map((tensor) => tensor.data<'float32'>()));
    return stacks.map(({ shape }, i) => ({ shape, data: numbers[i] }));
  } finally {
    tf.dispose(turned);
  }
};

/** `Orthogonalise` of one stack. A tall matrix is turned as its transpose, whose products are smaller. */
function orthogonal(stack: tf.Tensor): tf.Tensor {
  const [, rows, columns] = stack.shape;
  if (rows > columns) return tf.transpose(orthogonal(tf.transpose(stack, [0, 2, 1])), [0, 2, 1]);
  const { steps, a, b, c, epsilon } = newtonSchulz;
  const norm = tf.sqrt(tf.sum(tf.square(stack), [1, 2], true));
  let x = tf.div(stack, tf.add(norm, epsilon));
  for (let step = 0; step < steps; step++) {
    const square = tf.matMul(x, x, false, true);
    const factor = tf.add(tf.mul(square, b), tf.mul(tf.matMul(square, square), c));
    x = tf.add(tf.mul(x, a), tf.matMul(factor, x));
  }
  return x;
}
