// The least that a pass must compute: its conditioners' convolutions.
import { constant, conv, graph, input, named, symbol } from '@glow-onnx/graph';
import { convTranspose, scaleDim } from '@glow-onnx/graph/internal';

/**
 * A graph of the three convolutions of every conditioner and nothing else: no ReLU, no affine map, no coupling.
 * Kernels, biases, forms and padded channels are those that the exported graph has. The conditioners of a level all read
 * one input [batch, channels, height, width] of that level, and each gives its output.
 * @param exported the encode graph, for the shapes that it really runs.
 */
export function convolutionsAlone(exported, { levels, steps }) {
  const weights = new Map(exported.constants.map((value) => [value.name, value]));
  const nodes = new Map(exported.nodes.map((node) => [node.inputs[1], node]));
  const inputs = [];
  const outputs = {};
  for (let l = 0; l < levels; l++) {
    const size = ['height', 'width'].map((name) => scaleDim(symbol(name), 1, 2 ** (l + 1)));
    const place = (k, n) => {
      const name = `levels.${l}.steps.${k}.coupling.conv${n}.weight`;
      return weights.has(name) ? name : `${name}.transposed`;
    };
    const x = input(`a${l}`, 'float32', [symbol('batch'), weights.get(place(0, 1)).shape[1], ...size]);
    inputs.push(x);
    for (let k = 0; k < steps; k++) {
      outputs[`levels.${l}.steps.${k}`] = [1, 2, 3].reduce((h, n) => {
        const { operator, inputs: names, attributes } = nodes.get(place(k, n));
        const convolve = operator === 'Conv' ? conv : convTranspose;
        const [weight, bias] = names.slice(1).map((name) => weights.get(name));
        const kernel = constant(weight.shape, weight.source.data);
        return convolve(h, named(kernel, weight.name), {
          bias: named(constant(bias.shape, bias.source.data), bias.name),
          pads: attributes.pads,
          strides: attributes.strides,
        });
      }, x);
    }
  }
  return graph({ name: 'convolutions', inputs, outputs });
}
