// How log p of a model changes with the biases of its hidden layers, picture by picture: the Fisher score.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { decodeModel, encodeModel, graph, reduceSum, scalar } from '@glow-onnx/graph';
import { backward, reach, valuesOf } from '@glow-onnx/graph/internal';

const { InferenceSession, Tensor } = createRequire(import.meta.url)('onnxruntime-node');
const perRun = 100; // pictures

/**
 * Opens a model folder of hidden layers `plain`, of pictures with 8 bits.
 * @returns a function of raw images → for each the signed roots of ∂ log p(x)/∂bias of both hidden layers of all
 * conditioners, as a Float32Array
 */
export async function openFisher(folder) {
  const read = (name) => readFileSync(join(folder, 'onnx', name));
  const weights = read('weights.bin');
  const { inputs, outputs } = valuesOf(decodeModel(read('encode.onnx')), ({ offset, length }) =>
    weights.subarray(offset, offset + length),
  );
  const scores = biasGradients(outputs);
  const bytes = encodeModel(
    graph({
      name: 'fisher',
      inputs: [inputs.x],
      outputs: Object.fromEntries(scores.map((s, i) => [`s${i}`, s])),
    }),
    { producer: { name: 'bench', version: '0' } },
  );
  const externalData = [{ path: 'weights.bin', data: weights }];
  const session = await InferenceSession.create(bytes, {
    ...{ externalData, intraOpNumThreads: 1, logSeverityLevel: 3 },
  });
  return async (images) => {
    const rows = [];
    for (let first = 0; first < images.length; first += perRun) {
      const some = images.slice(first, first + perRun);
      rows.push(...signedRoots(await session.run({ x: batchOf(some) }), some.length, scores.length));
    }
    return rows;
  };
}

/** A bias is added to every pixel, so its derivative is the sum over pixels of that of its output. */
function biasGradients(outputs) {
  const values = reach(Object.entries(outputs).map(([name, value]) => ({ ...value, name }))).map(
    ({ value }) => value,
  );
  const hidden = values.filter(isSecondHidden).map((second) => second.source.inputs[0]);
  const before = hidden.flatMap((second) => [second.source.inputs[0].source.inputs[0], second]);
  return backward([{ value: outputs.log_prob, gradient: scalar(1) }], before).map((g) =>
    reduceSum(g, [2, 3]),
  );
}

/** The ReLU of a 1×1 convolution of a ReLU. */
function isSecondHidden(value) {
  const convolution = made(value, 'Relu') && value.source.inputs[0];
  return made(convolution, 'Conv') && made(convolution.source.inputs[0], 'Relu');
}

function made(value, operator) {
  return value?.source?.kind === 'node' && value.source.operator === operator;
}

function batchOf(images) {
  const [{ height, width, channels }] = images;
  const x = Float32Array.from(
    images.flatMap(({ data }) => [...data]),
    (bin) => (bin + 0.5) / 256 - 0.5,
  );
  return new Tensor('float32', x, [images.length, channels, height, width]);
}

function signedRoots(found, count, outputs) {
  const parts = Array.from({ length: outputs }, (_, i) => found[`s${i}`].data);
  const hidden = parts[0].length / count;
  return Array.from({ length: count }, (_, n) => {
    const row = new Float32Array(outputs * hidden);
    for (const [i, part] of parts.entries()) {
      row.set(part.subarray(n * hidden, (n + 1) * hidden), i * hidden);
    }
    return row.map((score) => Math.sign(score) * Math.sqrt(Math.abs(score)));
  });
}
