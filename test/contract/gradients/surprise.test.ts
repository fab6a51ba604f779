import { createRandom, tensor } from '@glow-onnx/flow';
import { precisions } from '@glow-onnx/flow/internal';
import { encodeModel, type Graph } from '@glow-onnx/graph';
import { surpriseGraph } from '../../../packages/runtime/src/gradients/surprise-graph.js';
import { checkGraph } from '../../../packages/runtime/src/graphs/check-graph.js';
import { exported } from '../../support/exported-graphs.js';
import { relativeError } from '../../support/numeric.js';
import { labelsFor, randomTensor } from '../../support/random-params.js';
import { producer, runModel } from '../../support/run-graph.js';
import { surpriseReference } from '../../support/surprise-reference.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { variants } from '../../support/variants.js';

/** Float32 rounding in the terms of a pixel, relative to the largest pixel. */
const TOLERANCE = 1e-5;
/** The promise for the sum of a map. */
const SUM = 1e-4;

const withTerms = (graph: Graph) => surpriseGraph({ model: encodeModel(graph, { producer }) });

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

describe.each([
  ...variants,
  { name: 'four levels', config: tinyConfig({ levels: 4, height: 16, width: 32 }) },
])('$name', ({ config }) => {
  const { channels, height, width, classes } = config;
  const { encodeGraph, forward } = exported(config, 21);
  const model = withTerms(encodeGraph);
  const x = randomTensor([2, channels, height, width], createRandom(22), 0.3);
  const label = labelsFor(classes, 2);

  test('each pixel has the terms of the float64 layers, and all sum to −log p(x)', async () => {
    const found = await runModel(model, { x, ...(label && { label }) });
    const expected = surpriseReference(config, forward, x, label);
    const map = found.surprise?.data ?? new Float32Array();
    expect(found.surprise?.shape).toEqual([2, 1, height, width]);
    expect(relativeError(map, expected.data)).toBeLessThan(TOLERANCE);
    const sums = [map.subarray(0, height * width), map.subarray(height * width)].map((one) => -sum(one));
    expect(relativeError(sums, found.log_prob?.data ?? [])).toBeLessThan(SUM);
  });

  test('the graph is one of its kind, with the limits of a model graph', () => {
    const claims = { config, precision: 'fp32' } as const;
    const { signature } = checkGraph(model, { ...claims, kind: 'encode-surprise' }, 'here');
    expect(Object.keys(signature.outputs).slice(-2)).toEqual(['log_prob', 'surprise']);
    expect(() => checkGraph(model, { ...claims, kind: 'encode' }, 'here')).toThrow('not a graph of this');
  });
});

test.each(precisions)('precision %s has the terms of its rounded weights', async (precision) => {
  const config = tinyConfig();
  const { encodeGraph, forward } = exported(config, 21, undefined, precision);
  const model = withTerms(encodeGraph);
  checkGraph(model, { config, precision, kind: 'encode-surprise' }, 'here');
  const x = randomTensor([2, 3, 8, 8], createRandom(22), 0.3);
  const { surprise } = await runModel(model, { x });
  const expected = surpriseReference(config, forward, x);
  // fp16 computes the conditioners in half precision.
  const tolerance = precision === 'fp16' ? 1e-2 : TOLERANCE;
  expect(relativeError(surprise?.data ?? [], expected.data)).toBeLessThan(tolerance);
});

test('a pixel that changes alone surprises where it is', async () => {
  const config = tinyConfig({ levels: 1, steps: 1 });
  const model = withTerms(exported(config, 21).encodeGraph);
  const x = tensor([1, 3, 8, 8], new Float64Array(192));
  const other = { ...x, data: x.data.with(3 * 8 + 5, 2) }; // row 3, column 5
  const [before, after] = [await runModel(model, { x }), await runModel(model, { x: other })];
  const change = (after.surprise?.data ?? new Float32Array()).map(
    (value, i) => value - (before.surprise?.data[i] as number),
  );
  const most = change.indexOf(Math.max(...change));
  expect([Math.floor(most / 8) >> 1, (most % 8) >> 1]).toEqual([3 >> 1, 5 >> 1]);
});

test('a graph whose log_prob is no sum of images is refused', () => {
  const { encodeGraph } = exported(tinyConfig(), 21);
  const outer = encodeGraph.nodes.findIndex(({ output }) => output.name === 'log_prob');
  const nodes = encodeGraph.nodes.map((node, i) => (i === outer ? { ...node, operator: 'Mul' } : node));
  expect(() => withTerms({ ...encodeGraph, nodes })).toThrow('log_prob is not a sum of images: "log_prob"');
});
