// The baseline: the same model in TensorFlow.js' stock operations, trained by its own tape, as a tutorial would.
import { createRequire } from 'node:module';
import { runInThisContext } from 'node:vm';
import { createGlow, encode, forwardWeights, initialParams } from '@glow-onnx/flow';
import * as tf from '@tensorflow/tfjs-core';
import { buildSync } from 'esbuild';
import { median } from './models.mjs';

/** What layers of preset `tutorial` are written in; images batch × height × width × channels. */
const ops = {
  constant: ({ shape, data }) => tf.tensor(Float32Array.from(data), shape),
  named: (x) => x,
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  scale: (x, factor, offset = 0) => tf.add(tf.mul(x, factor), offset),
  exp: tf.exp,
  tanh: tf.tanh,
  relu: tf.relu,
  matmul: (a, b) => tf.matMul(a, b),
  transpose: (x) => tf.transpose(x),
  reshape: tf.reshape,
  sum: (x) => tf.sum(x),
  squeeze(x) {
    const [n, h, w, c] = x.shape;
    const blocks = tf.transpose(tf.reshape(x, [n, h / 2, 2, w / 2, 2, c]), [0, 1, 3, 5, 2, 4]);
    return tf.reshape(blocks, [n, h / 2, w / 2, 4 * c]);
  },
  split: (x, at) => tf.split(x, [at, x.shape[3] - at], 3),
  concat: (a, b) => tf.concat([a, b], 3),
  perChannel: (v) => tf.reshape(v, [1, 1, 1, -1]),
  scaleShift: (x, scale, shift) => tf.add(tf.mul(x, scale), shift),
  conv1x1: (x, weight, bias = 0) => tf.add(convolution(x, weight, 1), bias),
  conv3x3: (x, weight, bias) => tf.add(convolution(x, weight, 3), bias),
  sumPerImage: (x) => tf.sum(x, [1, 2, 3]),
};

function convolution(x, weight, size) {
  const filter = tf.transpose(tf.reshape(weight, [...weight.shape.slice(0, 2), size, size]), [2, 3, 1, 0]);
  return tf.conv2d(x, filter, 1, 'same');
}

/**
 * The wasm backend has no kernel for the gradient of a filter. Without one nothing trains there; this is what people
 * write: a convolution with batch and channels exchanged.
 */
tf.registerKernel({
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc({ inputs: { x, dy }, attrs: { filterShape } }) {
    const images = tf.transpose(tf.engine().makeTensorFromTensorInfo(x), [3, 1, 2, 0]);
    const filters = tf.transpose(tf.engine().makeTensorFromTensorInfo(dy), [1, 2, 0, 3]);
    const gradient = tf.conv2d(images, filters, 1, (filterShape[0] - 1) / 2);
    return tf.transpose(gradient, [1, 2, 0, 3]);
  },
});

/** TensorFlow.js' package for Node leaves its gradients out; its sources are for bundlers. */
function registerGradients() {
  const entry = createRequire(import.meta.url).resolve(
    '@tensorflow/tfjs-core/dist/register_all_gradients.js',
  );
  const { outputFiles } = buildSync({ entryPoints: [entry], bundle: true, write: false, platform: 'node' });
  runInThisContext(`(require) => {${outputFiles[0].text}}`)(createRequire(import.meta.url));
}

/** Images/s of Adam on noise by the median step; NaN if not even a second one fits. `backend` has been opened. */
export async function plainTrainingSpeed({ config, batch, seconds }) {
  registerGradients();
  const glow = createGlow(config);
  const { trainable, fixed } = initialParams(glow, 1);
  const variables = Object.fromEntries(
    Object.entries(trainable).map(([name, value]) => [name, tf.variable(ops.constant(value))]),
  );
  const shape = [batch, config.height, config.width, config.channels];
  const x = tf.randomUniform(shape, -0.5, 0.5, 'float32', 1);
  const dimensions = config.channels * config.height * config.width * Math.LN2;
  const optimizer = tf.train.adam(1e-3);
  const durations = [];
  const end = performance.now() + 1000 * seconds;
  for (let step = 0; step < 3 || performance.now() < end; step++) {
    const started = performance.now();
    const { value, grads } = tf.variableGrads(() => {
      const weights = forwardWeights(glow, ops, { trainable: variables, fixed });
      return tf.div(tf.neg(tf.mean(encode(glow, ops, x, weights).logProb)), dimensions);
    });
    optimizer.applyGradients(grads);
    await value.data();
    tf.dispose([value, grads]);
    if (step > 0) durations.push(performance.now() - started);
    if (performance.now() > end + 60_000) break; // minutes a step
  }
  return (1000 * batch) / median(durations);
}
