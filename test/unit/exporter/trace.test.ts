import { createRandom, decode, encode, type Float64Tensor, float64Ops } from '@glow-onnx/flow';
import { latentShapes } from '@glow-onnx/flow/internal';
import type { Graph } from '@glow-onnx/graph';
import { formatShape } from '@glow-onnx/graph/internal';
import { byName, exported, runOn } from '../../support/exported-graphs.js';
import { flatten, relativeError } from '../../support/numeric.js';
import { labelsFor, randomTensor } from '../../support/random-params.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { variants } from '../../support/variants.js';

/** Float32 rounds to 6e-8; two or three levels of two steps leave up to 3e-7 of the largest value (measured). */
const FLOAT32 = 2e-6;
/** Both directions one after the other; W⁻¹ and 1/sd multiply what the first left, up to 5e-6 (measured). */
const ROUND_TRIP = 2e-5;

/** What graphs may use: all of it has kernels on CPU, CUDA and WebGPU at opset 17. */
const operators = [
  'Abs',
  'Add',
  'Concat',
  'Conv',
  'ConvTranspose',
  'Exp',
  'Identity',
  'Log',
  'Mul',
  'Neg',
  'ReduceSum',
  'Relu',
  'Sigmoid',
  'Slice',
  'Sub',
  'Tanh',
  'Unsqueeze',
];

/** Kernel extents and input channels of every convolution, from the weights in the graph. */
function convolutions({ nodes, constants }: Graph) {
  const shapes = new Map(constants.map(({ name, shape }) => [name, shape]));
  return nodes
    .filter(({ operator }) => operator === 'Conv')
    .map(({ inputs: [, weight] }) => {
      const [, channels, kernel] = shapes.get(weight) as readonly number[];
      return { weight, channels, kernel };
    });
}

describe.each(variants)('graphs of $name', ({ config }) => {
  const { channels, height, width, levels, classes } = config;
  const { glow, forward, inverse, encodeGraph, decodeGraph } = exported(config, 31);
  const random = createRandom(32);

  /** Random images and latents of one size, with what the float64 interpreter makes of them. */
  function example(batch: number, h: number, w: number) {
    const label = labelsFor(classes, batch);
    const labelled: Record<string, Float64Tensor> = label ? { label } : {};
    const x = randomTensor([batch, channels, h, w], random, 0.3);
    const z = latentShapes(config, batch, h, w).map((shape) => randomTensor(shape, random, 0.5));
    return {
      x,
      z,
      labelled,
      encoding: encode(glow, float64Ops, x, forward, label),
      decoded: decode(glow, float64Ops, z, inverse, label),
    };
  }

  test.each([
    ['of the training size', 2, height, width],
    ['of another size, one image', 1, 2 ** levels, 3 * 2 ** levels],
  ])('give the numbers of the float64 interpreter for images %s', async (_, batch, h, w) => {
    const { x, z, labelled, encoding, decoded } = example(batch, h, w);
    const got = await runOn(encodeGraph, { x, ...labelled });
    expect(Object.keys(got)).toEqual([...Object.keys(byName(z)), 'log_prob', 'log_prob_levels']);
    encoding.latents.forEach((latent, l) => {
      expect(got[`z${l}`].shape).toEqual(latent.shape);
      expect(relativeError(got[`z${l}`].data, latent.data)).toBeLessThan(FLOAT32);
    });
    expect(got.log_prob.shape).toEqual([batch]);
    expect(relativeError(got.log_prob.data, encoding.logProb.data)).toBeLessThan(FLOAT32);
    expect(got.log_prob_levels.shape).toEqual([batch, levels]);
    const perImage = Array.from({ length: batch }, (_, n) =>
      encoding.logProbLevels.map(({ data }) => data[n]),
    );
    expect(relativeError(got.log_prob_levels.data, perImage.flat())).toBeLessThan(FLOAT32);

    const { x: image } = await runOn(decodeGraph, { ...byName(z), ...labelled });
    expect(image.shape).toEqual(decoded.shape);
    expect(relativeError(image.data, decoded.data)).toBeLessThan(FLOAT32);
  });

  test('undo one another in ONNX Runtime', async () => {
    const { x, z, labelled } = example(2, height, width);
    const latents = await runOn(encodeGraph, { x, ...labelled });
    const restored = await runOn(decodeGraph, {
      ...Object.fromEntries(Object.keys(byName(z)).map((name) => [name, latents[name]])),
      ...labelled,
    });
    expect(relativeError(restored.x.data, x.data)).toBeLessThan(ROUND_TRIP);
    const { x: image } = await runOn(decodeGraph, { ...byName(z), ...labelled });
    const again = await runOn(encodeGraph, { x: image, ...labelled });
    const zAgain = z.flatMap((_, l) => [...again[`z${l}`].data]);
    expect(relativeError(zAgain, flatten(z))).toBeLessThan(ROUND_TRIP);
  });

  test('leave batch, height and width free', () => {
    const shapes = ({ inputs, outputs }: Graph) =>
      Object.fromEntries([...inputs, ...outputs].map(({ name, shape }) => [name, formatShape(shape)]));
    const last = 4 * channels * 2 ** (levels - 1);
    for (const graph of [encodeGraph, decodeGraph]) {
      expect(shapes(graph)).toMatchObject({
        x: `[batch, ${channels}, height, width]`,
        [`z${levels - 1}`]: `[batch, ${last}, height/${2 ** levels}, width/${2 ** levels}]`,
      });
      expect(graph.inputs.some(({ name }) => name === 'label')).toBe(classes > 0);
    }
  });

  test('use no operator beyond the list, and no shape that WebGPU miscomputes', () => {
    for (const graph of [encodeGraph, decodeGraph]) {
      expect(graph.nodes.map(({ operator }) => operator).filter((o) => !operators.includes(o))).toEqual([]);
      const broken = convolutions(graph).filter(
        ({ kernel, channels: c }) => kernel > 1 && c !== 3 && c % 3 === 0 && c % 4 !== 0,
      );
      expect(broken).toEqual([]);
    }
  });

  test('call what a step gives by its place', () => {
    const names = encodeGraph.nodes.map(({ output }) => output.name);
    expect(names).toContain('levels.0.steps.0.y');
    if (config.coupling !== 'additive') expect(names).toContain('levels.0.steps.0.coupling.logScale');
    const inDecode = decodeGraph.nodes.map(({ output }) => output.name);
    expect(inDecode).toContain('levels.0.steps.1.x');
  });
});

describe('convolutions of an RGB model', () => {
  const config = tinyConfig({ channels: 3, levels: 2, steps: 1 });
  const { encodeGraph, decodeGraph } = exported(config, 33);
  const read = (graph: Graph) =>
    Object.fromEntries(convolutions(graph).map(({ weight, channels }) => [weight, channels]));

  test('read 8 of 12 channels where the coupling needs 6, in both directions', () => {
    expect(read(encodeGraph)['levels.0.steps.0.coupling.conv1.weight']).toBe(8);
    expect(read(decodeGraph)['levels.0.steps.0.coupling.conv1.weight']).toBe(8);
    expect(read(encodeGraph)['levels.1.steps.0.coupling.conv1.weight']).toBe(12);
  });

  test('read the 3 channels of the image, and the whole of level 0 at the start of level 1', () => {
    expect(read(encodeGraph)['levels.0.steps.0.conv1x1.matrix']).toBe(3);
    expect(read(encodeGraph)['levels.1.steps.0.conv1x1.matrix']).toBe(12);
  });
});

test.each([6, 9, 15])(
  'images of %i channels are widened, and give the numbers of float64',
  async (channels) => {
    const config = tinyConfig({ channels, levels: 1, steps: 1 });
    const { glow, forward, encodeGraph } = exported(config, 34);
    const x = randomTensor([1, channels, 4, 8], createRandom(35), 0.3);
    const got = await runOn(encodeGraph, { x });
    const [z] = encode(glow, float64Ops, x, forward).latents;
    expect(relativeError(got.z0.data, z.data)).toBeLessThan(FLOAT32);
    expect(convolutions(encodeGraph)[0].channels).toBe(4 * Math.ceil(channels / 4));
  },
);

test('an image too large for log σ by itself stays finite', async () => {
  const config = tinyConfig({ channels: 1, levels: 1, steps: 1, hiddenChannels: 4, coupling: 'sigmoid' });
  const { glow, forward, encodeGraph } = exported(config, 36);
  const x = randomTensor([1, 1, 2, 2], createRandom(37), 2000);
  const got = await runOn(encodeGraph, { x });
  const { logProb } = encode(glow, float64Ops, x, forward);
  expect(relativeError(got.log_prob.data, logProb.data)).toBeLessThan(FLOAT32);
});
