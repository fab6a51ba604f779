import {
  createConfig,
  createGlow,
  float64Ops,
  forwardWeights,
  type GlowConfig,
  initialParams,
  inverseWeights,
} from '@glow-onnx/flow';
import type { Graph } from '@glow-onnx/graph';
import { fold } from '../../../packages/exporter/src/build/fold.js';
import { traceDecode, traceEncode } from '../../../packages/exporter/src/build/trace.js';
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

/** Both graphs of a model before training: operators and shapes do not depend on the values of weights. */
function graphsOf(config: GlowConfig): Graph[] {
  const glow = createGlow(config);
  const params = initialParams(glow, 1);
  const flows = fold(glow, forwardWeights(glow, float64Ops, params), inverseWeights(glow, params));
  return [traceEncode(config, flows.encode), traceDecode(config, flows.decode)];
}

/**
 * A variant's config at another size. Folded, every kind of 1×1 convolution is one matrix; a reversal needs no LU
 * factors, the slow part.
 */
function resized(config: GlowConfig, levels: number, channels: number): GlowConfig {
  const size = { height: 2 ** levels, width: 2 ** levels };
  const hiddenChannels = [4, 8, 12, 36][channels % 4];
  return createConfig({ ...config, ...size, conv1x1: 'reverse', channels, levels, hiddenChannels, steps: 1 });
}

/** The variants that still differ when size and 1×1 convolution are equal. */
const distinct = variants.filter(({ config }, i) => {
  const key = (other: GlowConfig) => JSON.stringify(resized(other, 1, 1));
  return variants.findIndex((other) => key(other.config) === key(config)) === i;
});

/** Beyond two levels, where a model takes long to fold, the choices that differ in what convolutions read. */
const presetsAlone = distinct.filter(({ name }) =>
  ['tutorial', 'port', 'openai', 'additive coupling'].includes(name),
);

/** A top prior of 12 channels and four levels has 5 million weights: deep levels stop at half. */
const channelCounts = (levels: number) => Array.from({ length: levels < 3 ? 12 : 6 }, (_, i) => i + 1);

test('the list in docs/format.md is there', () => {
  expect(listedOperators).toEqual(expect.arrayContaining(['Conv', 'ConvTranspose', 'Slice']));
});

describe.each([1, 2, 3, 4])('graphs of many image channels and %i levels', (levels) => {
  test.each(levels < 3 ? distinct : presetsAlone)(
    'use only listed operators, and no convolution that WebGPU miscomputes: $name',
    ({ config }) => {
      for (const channels of channelCounts(levels)) {
        for (const graph of graphsOf(resized(config, levels, channels))) {
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
