// The baseline: the same model in TensorFlow.js' stock operations, trained by its own tape, as a tutorial would.
import { createRequire } from 'node:module';
import { runInThisContext } from 'node:vm';
import { createGlow, encode, forwardWeights, initialParams } from '@glow-onnx/flow';
import * as tf from '@tensorflow/tfjs-core';
import { buildSync } from 'esbuild';
import { median } from './models.mjs';
import { filterOf, plainOps } from './plain-ops.mjs';

const ops = plainOps(filterOf);

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
