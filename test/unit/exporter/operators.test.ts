import { createConfig } from '@glow-onnx/flow';
import type { Graph } from '@glow-onnx/graph';
import { exported } from '../../support/exported-graphs.js';
import { listedOperators } from '../../support/listed-operators.js';
import { variants } from '../../support/variants.js';

/** Input channels, kernel and strides of every convolution with a kernel larger than 1×1. */
function convolutions({ nodes, constants }: Graph) {
  const tensors = [...constants, ...nodes.map(({ output }) => output)];
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  return nodes
    .filter(({ operator }) => operator === 'Conv')
    .map(({ inputs: [, weight], output }) => ({
      name: output.name,
      shape: shapes.get(weight) as readonly number[],
    }))
    .filter(({ shape: [, , height, width] }) => height * width > 1);
}

/** Beyond two levels, where a model takes long to fold, the choices that differ in what convolutions read. */
const presetsAlone = variants.filter(({ name }) =>
  ['tutorial', 'port', 'openai', 'additive coupling'].includes(name),
);

/** A top prior of 12 channels and four levels has 5 million weights: deep levels stop at half. */
const channelCounts = (levels: number) => Array.from({ length: levels < 3 ? 12 : 6 }, (_, i) => i + 1);

test('the list in docs/format.md is there', () => {
  expect(listedOperators).toEqual(expect.arrayContaining(['Conv', 'ConvTranspose', 'Slice']));
});

describe.each([1, 2, 3, 4])('graphs of many image channels and %i levels', (levels) => {
  test.each(levels < 3 ? variants : presetsAlone)(
    'use only listed operators, and no convolution that WebGPU miscomputes: $name',
    ({ config }) => {
      for (const channels of channelCounts(levels)) {
        const size = { height: 2 ** levels, width: 2 ** levels };
        const hiddenChannels = [4, 8, 12, 36][channels % 4];
        // Folded, every kind of 1×1 convolution is one matrix; a reversal needs no LU factors, the slow part.
        const of = createConfig({
          ...config,
          ...size,
          conv1x1: 'reverse',
          channels,
          levels,
          hiddenChannels,
          steps: 1,
        });
        const { encodeGraph, decodeGraph } = exported(of, 1);
        for (const graph of [encodeGraph, decodeGraph]) {
          expect(
            graph.nodes.map(({ operator }) => operator).filter((name) => !listedOperators.includes(name)),
          ).toEqual([]);
          const read = convolutions(graph);
          expect(read.length).toBeGreaterThan(0);
          const miscomputed = read.filter(({ shape: [, c] }) => c > 3 && c % 3 === 0 && c % 4 !== 0);
          expect(miscomputed).toEqual([]);
        }
      }
    },
  );
});
