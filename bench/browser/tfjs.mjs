// The same flow in TensorFlow.js' stock operations, as someone without ONNX Runtime would write it: encode and decode.
import { createGlow, decode, encode, forwardWeights, inverseWeights } from '@glow-onnx/flow';
import * as tf from '@tensorflow/tfjs-core';
import { filterOf, plainOps } from '../plain-ops.mjs';

/** Filters in the order that tf.conv2d wants, made once. */
const filters = new Map();

const ops = plainOps((weight, size) => {
  if (!filters.has(weight.id)) filters.set(weight.id, tf.keep(filterOf(weight, size)));
  return filters.get(weight.id);
});

const tensors = (tree) =>
  ArrayBuffer.isView(tree?.data) && tree.shape
    ? ops.constant(tree)
    : Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, tensors(value)]));

/**
 * Encode and decode on the backend of TensorFlow.js that is open: from arrays of the host to arrays of the host.
 * @param checkpoint preset `tutorial`.
 */
export function openTfjs({ config, params }) {
  const glow = createGlow(config);
  const { channels, height, width } = config;
  const parameters = { trainable: tensors(params.trainable), fixed: params.fixed };
  const forward = forwardWeights(glow, ops, parameters);
  const inverse = tensors(inverseWeights(glow, params));
  const hostOf = (values) => Promise.all(values.map((value) => value.data()));
  const run = async (compute) => {
    const outputs = tf.tidy(compute);
    const found = await hostOf(outputs);
    tf.dispose(outputs);
    return found;
  };
  const nhwc = (data, [c, h, w]) =>
    tf.transpose(tf.tensor(data, [data.length / (c * h * w), c, h, w]), [0, 2, 3, 1]);
  return {
    encode: (data) =>
      run(() => {
        const { latents, logProb } = encode(glow, ops, nhwc(data, [channels, height, width]), forward);
        return [...latents, logProb];
      }),
    /** @param shapes of one image's latents. */
    decode: (latents, shapes) =>
      run(() => [
        decode(
          glow,
          ops,
          latents.map((z, l) => nhwc(z, shapes[l])),
          inverse,
        ),
      ]),
  };
}
