import { encodeModel } from '@glow-onnx/graph';
import { onnx } from 'onnx-proto';
import { checkDerivative } from '../../../packages/runtime/src/gradients/check-derivative.js';
import { gradientGraph } from '../../../packages/runtime/src/gradients/gradient-graphs.js';
import type { DerivativeRuns } from '../../../packages/runtime/src/sessions/open-graphs.js';
import { exported } from '../../support/exported-graphs.js';
import { producer, runModel } from '../../support/run-graph.js';
import { tinyConfig } from '../../support/tiny-config.js';

const config = tinyConfig();
const { encodeGraph, decodeGraph } = exported(config, 31);
const graphs = { encode: encodeGraph, decode: decodeGraph };
const kinds = ['encode', 'decode'] as const;

/** Runs a graph on the CPU. */
const on =
  (model: Uint8Array): DerivativeRuns['gradient'] =>
  (inputs) =>
    runModel(model, inputs);

/** The graph with its derivative. `alter` changes nodes of the derivative, and none of the graph itself. */
function derivative(kind: (typeof kinds)[number], alter: (node: onnx.INodeProto) => void): Uint8Array {
  const plain = new Set(graphs[kind].nodes.map(({ output }) => output.name));
  const model = onnx.ModelProto.decode(gradientGraph(kind, { model: bytesOf(kind) }));
  const added = (model.graph?.node ?? []).filter(({ output }) => !plain.has(output?.[0] ?? ''));
  const before = JSON.stringify(added);
  added.forEach(alter);
  if (alter !== intact && JSON.stringify(added) === before) throw new Error('no node is altered');
  return onnx.ModelProto.encode(model).finish();
}

const bytesOf = (kind: (typeof kinds)[number]) => encodeModel(graphs[kind], { producer });
const intact = () => {};

const runs = (gradient: Uint8Array): DerivativeRuns => ({
  encode: on(bytesOf('encode')),
  decode: on(bytesOf('decode')),
  gradient: on(gradient),
});

const faults: Readonly<Record<string, (node: onnx.INodeProto) => void>> = {
  'the gates of ReLU stand open': ({ opType, attribute }) => {
    const beta = attribute?.find(({ name }) => name === 'beta');
    if (opType === 'HardSigmoid' && beta) beta.f = 1;
  },
  'what comes from two uses of a value is subtracted': (node) => {
    if (node.opType === 'Add') node.opType = 'Sub';
  },
};

test.each(kinds)('the derivative of %s passes', (kind) =>
  checkDerivative(kind, 'cpu', config, runs(derivative(kind, intact))),
);

describe.each(Object.entries(faults))('where %s', (_, alter) => {
  test.each(kinds)('the derivative of %s is refused', async (kind) => {
    await expect(checkDerivative(kind, 'cpu', config, runs(derivative(kind, alter)))).rejects.toMatchObject({
      name: 'DeviceError',
      code: 'self-test',
      message: expect.stringContaining(`computes the gradient of the ${kind} graph wrongly`),
    });
  });
});
