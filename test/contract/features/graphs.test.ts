import {
  createRandom,
  encode,
  type Float64Tensor,
  float64Ops,
  type GlowConfig,
  type PresetName,
  presets,
} from '@glow-onnx/flow';
import { encodeModel } from '@glow-onnx/graph';
import { featureGraph } from '../../../packages/runtime/src/gradients/feature-graph.js';
import { checkGraph } from '../../../packages/runtime/src/graphs/check-graph.js';
import { featureBatch } from '../../../packages/runtime/src/model/run-features.js';
import type { GraphRunner } from '../../../packages/runtime/src/sessions/open-graphs.js';
import { exported } from '../../support/exported-graphs.js';
import { relativeError } from '../../support/numeric.js';
import { labelsFor, randomTensor } from '../../support/random-params.js';
import { producer, runModel } from '../../support/run-graph.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { variants } from '../../support/variants.js';

/** Float32 rounding of a flow of four steps; docs/representation.md states it. */
const TOLERANCE = 1e-5;
/** Float16 has 11 bits, so each convolution rounds by up to 5·10⁻⁴, and four steps add up; docs/representation.md states it. */
const HALF = 2e-3;

/** The second hidden image of each conditioner, as the float64 interpreter computes it. */
function hiddenImages({ glow, forward }: ReturnType<typeof exported>, x: Float64Tensor, classes: number) {
  const rectified = new Set<Float64Tensor>();
  const found: Float64Tensor[] = [];
  let isBeforeLast = false;
  encode(
    glow,
    {
      ...float64Ops,
      relu(h) {
        const y = float64Ops.relu(h);
        rectified.add(y);
        return y;
      },
      conv1x1(h, ...weights) {
        isBeforeLast ||= rectified.has(h);
        return float64Ops.conv1x1(h, ...weights);
      },
      conv3x3(h, ...weights) {
        if (isBeforeLast) found.push(h);
        isBeforeLast = false;
        return float64Ops.conv3x3(h, ...weights);
      },
    },
    x,
    forward,
    labelsFor(classes, x.shape[0] as number),
  );
  return found;
}

/** Means over the quarters of each channel of image n. Where a side is odd, its middle counts half on both sides. */
function quarters({ shape, data }: Float64Tensor, n: number): number[] {
  const [, channels, height, width] = shape as [number, number, number, number];
  const share = (i: number, extent: number, half: number) => {
    const overlap = Math.min(i + 1, (extent / 2) * (half + 1)) - Math.max(i, (extent / 2) * half);
    return Math.max(0, overlap);
  };
  const means: number[] = [];
  for (let c = 0; c < channels; c++) {
    for (const [row, column] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      let sum = 0;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const value = data[((n * channels + c) * height + y) * width + x] as number;
          sum += value * share(y, height, row) * share(x, width, column);
        }
      }
      means.push(sum / ((height * width) / 4));
    }
  }
  return means;
}

/** A graph in ONNX Runtime on the CPU. */
const runnerOf = (model: Uint8Array): GraphRunner => ({ run: (inputs) => runModel(model, inputs) });

/** The features of two images, by the graph and by float64. */
async function bothFeatures(
  config: GlowConfig,
  [height, width]: readonly [number, number],
  model: Uint8Array,
  flow: ReturnType<typeof exported>,
) {
  const x = randomTensor([2, config.channels, height, width], createRandom(22), 0.3);
  const size = x.data.length / 2;
  const items = [0, 1].map((image) => ({
    ...{ image, where: 'here', label: undefined, height, width },
    x: Float32Array.from(x.data.subarray(image * size, (image + 1) * size)),
  }));
  const found = await featureBatch(runnerOf(model), config, items);
  const hidden = hiddenImages(flow, x, config.classes);
  return items.map(({ image }) => ({
    found: (found[image] as { data: Float32Array }).data,
    expected: hidden.flatMap((one) => quarters(one, image)),
  }));
}

describe.each(variants)('$name', ({ config }) => {
  const flow = exported(config, 21);
  const model = featureGraph({ model: encodeModel(flow.encodeGraph, { producer }) }, config);

  test('features are means of what the conditioners compute in float64', async () => {
    for (const { found, expected } of await bothFeatures(
      config,
      [config.height, config.width],
      model,
      flow,
    )) {
      expect(found).toHaveLength(config.levels * config.steps * config.hiddenChannels * 4);
      expect(relativeError(found, expected)).toBeLessThan(TOLERANCE);
    }
  });

  test('the graph is one of its kind, and no model graph', () => {
    const claims = { config, precision: 'fp32' } as const;
    const { signature } = checkGraph(model, { ...claims, kind: 'encode-features' }, 'here');
    expect(Object.keys(signature.inputs)).not.toContain('label');
    expect(() => checkGraph(model, { ...claims, kind: 'encode' }, 'here')).toThrow(
      'here is not a graph of this model',
    );
  });
});

test('the smallest image, and one of another size, have as many features', async () => {
  const config = tinyConfig();
  const flow = exported(config, 21);
  const model = featureGraph({ model: encodeModel(flow.encodeGraph, { producer }) }, config);
  for (const size of [
    [4, 4],
    [12, 20],
  ] as const) {
    for (const { found, expected } of await bothFeatures(config, size, model, flow)) {
      expect(relativeError(found, expected)).toBeLessThan(TOLERANCE);
    }
  }
});

describe.each([
  ['fp16-weights', TOLERANCE],
  ['int8-weights', TOLERANCE],
  ['fp16', HALF],
] as const)('with %s', (precision, tolerance) => {
  test('features are those of the rounded weights', async () => {
    const config = tinyConfig({ padding: 'border', hiddenChannels: 24 });
    const flow = exported(config, 21, undefined, precision);
    const model = featureGraph({ model: encodeModel(flow.encodeGraph, { producer }) }, config);
    checkGraph(model, { config, precision, kind: 'encode-features' }, 'here');
    for (const { found, expected } of await bothFeatures(config, [8, 8], model, flow)) {
      expect(relativeError(found, expected)).toBeLessThan(tolerance);
    }
  });
});

describe.each(Object.keys(presets) as PresetName[])('fp16 of preset %s', (preset) => {
  test.each(['plain', 'residual', 'gated'] as const)(
    'has the features of fp32 with hidden layer %s',
    async (hiddenLayer) => {
      const config = tinyConfig({ hiddenLayer }, preset);
      const { encodeGraph } = exported(config, 21, undefined, 'fp16');
      const model = featureGraph({ model: encodeModel(encodeGraph, { producer }) }, config);
      checkGraph(model, { config, precision: 'fp16', kind: 'encode-features' }, 'here');
      for (const { found, expected } of await bothFeatures(config, [8, 8], model, exported(config, 21))) {
        expect(found).toHaveLength(expected.length);
        expect(relativeError(found, expected)).toBeLessThan(HALF);
      }
    },
  );
});

test('a graph with another number of conditioners is refused', () => {
  const { encodeGraph } = exported(tinyConfig(), 21);
  const build = () =>
    featureGraph({ model: encodeModel(encodeGraph, { producer }) }, tinyConfig({ steps: 3 }));
  expect(build).toThrow(
    new RangeError('the encode graph has 4 conditioners, expected 6; export the model again'),
  );
});
