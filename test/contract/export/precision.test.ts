import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import {
  createGlow,
  createRandom,
  encode,
  type Float64Tensor,
  type FlowWeights,
  float64Ops,
  forwardWeights,
  parseManifest,
} from '@glow-onnx/flow';
import { type Precision, parseSafetensors, precisions } from '@glow-onnx/flow/internal';
import { constant, decodeModel, graph, input, mul } from '@glow-onnx/graph';
import { cast, roundFloat16 } from '@glow-onnx/graph/internal';
import { loadGlow } from '@glow-onnx/runtime';
import { roundConditioners } from '../../../packages/exporter/src/build/round-conditioners.js';
import { traceDecode, traceEncode } from '../../../packages/exporter/src/build/trace.js';
import { byName, exported, runOn } from '../../support/exported-graphs.js';
import { flatten, relativeError } from '../../support/numeric.js';
import { checkerTest, checkWithOnnx } from '../../support/onnx-checker.js';
import { labelsFor, randomParams, randomTensor } from '../../support/random-params.js';
import { runGraph } from '../../support/run-graph.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { variants } from '../../support/variants.js';

const smaller: readonly Precision[] = ['fp16-weights', 'int8-weights', 'fp16'];
/** Rounded weights are exact in float32, so their graphs are as exact as fp32's (measured 3e-7). */
const FLOAT32 = 2e-6;
/** Half precision rounds to 5e-4, through three convolutions in each of a few steps. */
const HALF = 2e-2;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'glow-precision-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const config = tinyConfig({ steps: 3, hiddenChannels: 32, bits: 8 });
const checkpoint = { config, params: randomParams(createGlow(config), 61), initialised: true };

describe.each(variants)('small weights of $name', ({ config: of }) => {
  const model = exported(of, 62);
  const random = createRandom(63);
  const x = randomTensor([2, of.channels, of.height, of.width], random, 0.3);
  const label = labelsFor(of.classes, 2);
  const labelled: Record<string, Float64Tensor> = label ? { label } : {};

  test.each(smaller)('%s gives the numbers that float64 makes of the rounded weights', async (precision) => {
    const rounded = (weights: FlowWeights<Float64Tensor>) => roundConditioners(weights, precision);
    const encodeGraph = traceEncode(of, { ...model.folded.encode, ...rounded(model.folded.encode.weights) });
    const decodeGraph = traceDecode(of, { ...model.folded.decode, ...rounded(model.folded.decode.weights) });
    const got = await runOn(encodeGraph, { x, ...labelled });
    const expected = encode(model.glow, float64Ops, x, rounded(model.forward).weights, label);
    const tolerance = precision === 'fp16' ? HALF : FLOAT32;
    const z = expected.latents.flatMap((_, l) => [...got[`z${l}`].data]);
    expect(relativeError(z, flatten(expected.latents))).toBeLessThan(tolerance);
    expect(relativeError(got.log_prob.data, expected.logProb.data)).toBeLessThan(tolerance);

    const restored = await runOn(decodeGraph, {
      ...byName(expected.latents.map((_, l) => got[`z${l}`])),
      ...labelled,
    });
    expect(relativeError(restored.x.data, x.data)).toBeLessThan(precision === 'fp16' ? HALF : 10 * FLOAT32);
    const unrounded = encode(model.glow, float64Ops, x, model.forward, label);
    expect(relativeError(flatten(unrounded.latents), flatten(expected.latents))).toBeGreaterThan(1e-6);
  });

  test.each(smaller)(
    '%s has no convolution that WebGPU miscomputes, and no DequantizeLinear',
    (precision) => {
      for (const built of [
        traceEncode(of, {
          ...model.folded.encode,
          ...roundConditioners(model.folded.encode.weights, precision),
        }),
        traceDecode(of, {
          ...model.folded.decode,
          ...roundConditioners(model.folded.decode.weights, precision),
        }),
      ]) {
        const tensors = [...built.constants, ...built.nodes.map(({ output }) => output)];
        const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
        const kernels = built.nodes
          .filter(({ operator }) => operator === 'Conv')
          .map(({ inputs }) => (shapes.get(inputs[1]) ?? []) as readonly number[]);
        expect(kernels.length).toBeGreaterThan(0);
        const broken = kernels.filter(([, c, k]) => k > 1 && c > 3 && c % 3 === 0 && c % 4 !== 0);
        expect(broken).toEqual([]);
        expect(built.nodes.some(({ operator }) => operator === 'Cast')).toBe(true);
        expect(built.nodes.some(({ operator }) => operator.includes('Dequantize'))).toBe(false);
        for (const { name, dtype } of [...built.inputs, ...built.outputs]) {
          expect([name, dtype]).toEqual([name, 'float32']);
        }
      }
    },
  );
});

describe('exportModel with every precision', () => {
  const out = () => join(folder, 'model');
  beforeAll(() => exportModel(checkpoint, { out: out(), precision: precisions }));
  const manifest = () => parseManifest(readFileSync(join(out(), 'manifest.json'), 'utf8'));

  test('lists a pair of graphs with weights of its own for each', () => {
    expect(manifest().variants).toEqual({
      fp32: { encode: 'onnx/encode.onnx', decode: 'onnx/decode.onnx', weights: 'onnx/weights.bin' },
      'fp16-weights': {
        encode: 'onnx/encode_fp16w.onnx',
        decode: 'onnx/decode_fp16w.onnx',
        weights: 'onnx/weights_fp16w.bin',
      },
      'int8-weights': {
        encode: 'onnx/encode_int8w.onnx',
        decode: 'onnx/decode_int8w.onnx',
        weights: 'onnx/weights_int8w.bin',
      },
      fp16: {
        encode: 'onnx/encode_fp16.onnx',
        decode: 'onnx/decode_fp16.onnx',
        weights: 'onnx/weights_fp16.bin',
      },
    });
  });

  test('stores conditioners in half and a quarter of the bytes, and the affine path in float32', () => {
    const kernels = (precision: Precision) => {
      const bytes = readFileSync(join(out(), manifest().variants[precision].encode));
      return new Map(decodeModel(bytes).graph.initializers.map(({ name, dtype }) => [name, dtype]));
    };
    const conv2 = 'levels.0.steps.0.coupling.conv2.weight';
    const affine = 'levels.0.steps.1.conv1x1.matrix';
    expect(kernels('fp32').get(conv2)).toBe('float32');
    expect(kernels('fp16-weights').get(`${conv2}.float16`)).toBe('float16');
    expect(kernels('int8-weights').get(`${conv2}.int8`)).toBe('int8');
    expect(kernels('int8-weights').get(`${conv2}.scale`)).toBe('float32');
    expect(kernels('fp16').get(conv2)).toBe('float16');
    for (const precision of precisions) expect(kernels(precision).get(affine)).toBe('float32');
    const size = (precision: Precision) =>
      statSync(join(out(), manifest().variants[precision].weights ?? '')).size;
    expect(size('fp16-weights') / size('fp32')).toBeLessThan(0.65);
    expect(size('int8-weights') / size('fp32')).toBeLessThan(0.45);
  });

  test('keeps the round trip of small weights within twice that of fp32', () => {
    const restored = (precision: Precision) =>
      manifest().measured.find((m) => m.precision === precision && m.claim.startsWith('decode(encode(x))'))
        ?.value ?? Number.NaN;
    expect(restored('fp16-weights')).toBeLessThanOrEqual(2 * restored('fp32'));
    expect(restored('int8-weights')).toBeLessThanOrEqual(2 * restored('fp32'));
    expect(restored('fp16')).toBeGreaterThan(restored('fp32') / 10);
  });

  test('keeps golden values of each below its name, all of the same x', () => {
    const { tensors } = parseSafetensors(readFileSync(join(out(), 'golden.safetensors')));
    const own = (below: string) => ['z0', 'z1', 'log_prob', 'decode.x'].map((name) => below + name);
    expect(Object.keys(tensors).sort()).toEqual(
      ['x', ...own(''), ...smaller.flatMap((name) => own(`${name}/`))].sort(),
    );
    const z = (name: string) => tensors[name].data as Float32Array;
    expect(relativeError(z('int8-weights/z0'), z('z0'))).toBeGreaterThan(1e-5);
  });

  test('says in every graph what it is', () => {
    const { variants: all } = manifest();
    for (const precision of precisions) {
      for (const path of [all[precision].encode, all[precision].decode]) {
        const { metadata } = decodeModel(readFileSync(join(out(), path)));
        expect(metadata).toMatchObject({ precision, license: 'not stated', config: JSON.stringify(config) });
        expect(metadata.config_sha256).toMatch(/^[0-9a-f]{64}$/);
        expect(metadata.producer).toMatch(/^@glow-onnx\/exporter /);
        expect(metadata.training_step).toBe('unknown');
      }
    }
  });

  test.each(smaller)('loadGlow takes %s when asked, and gives every pixel back', async (precision) => {
    const glow = await loadGlow(out(), { precision });
    try {
      const images = await glow.sample({ count: 2, seed: 1 });
      const restored = await glow.reconstruct(images);
      if (precision !== 'fp16')
        expect(restored.map(({ data }) => [...data])).toEqual(images.map(({ data }) => [...data]));
    } finally {
      await glow.dispose();
    }
  });

  test('loadGlow names what is there when asked for what is not', async () => {
    const only = join(folder, 'fp32');
    await exportModel(checkpoint, { out: only });
    await expect(loadGlow(only, { precision: 'int8-weights' })).rejects.toThrow(
      /no precision "int8-weights" \(it has: fp32\)/,
    );
  });

  checkerTest('writes variants that onnx itself accepts', () => {
    checkWithOnnx(
      ...smaller.flatMap((name) => [
        join(out(), manifest().variants[name].encode),
        join(out(), manifest().variants[name].decode),
      ]),
    );
  });
});

describe('what is rounded', () => {
  const glow = createGlow(config);
  const forward = forwardWeights(glow, float64Ops, checkpoint.params);

  test('is conditioners alone', () => {
    for (const precision of smaller) {
      const { weights } = roundConditioners(forward, precision);
      for (const [layer, named] of Object.entries(forward)) {
        if (layer.endsWith('.coupling')) continue;
        expect(weights[layer]).toBe(named);
      }
    }
  });

  test('int8 weights are a scale times −127 … 127, no further off than half a step', () => {
    const place = 'levels.1.steps.2.coupling';
    const { weights, storage } = roundConditioners(forward, 'int8-weights');
    const before = forward[place]['conv1.weight'];
    const after = weights[place]['conv1.weight'];
    const stored = storage[`${place}.conv1.weight`];
    if (stored.dtype !== 'int8') throw new Error('expected int8');
    const size = before.data.length / before.shape[0];
    stored.scale.forEach((step, o) => {
      const largest = Math.max(...before.data.slice(o * size, (o + 1) * size).map(Math.abs));
      expect(step).toBe(Math.fround(largest / 127));
    });
    after.data.forEach((value, i) => {
      const step = stored.scale[Math.floor(i / size)];
      expect(Math.abs(value - before.data[i])).toBeLessThanOrEqual(step * 0.5001);
      const steps = Math.round(value / step);
      expect(Math.abs(steps)).toBeLessThanOrEqual(127);
      expect(value).toBe(Math.fround(steps * step));
    });
  });

  test('a weight that half precision cannot hold is an error that names it', () => {
    const place = 'levels.0.steps.0.coupling';
    const kernel = forward[place]['conv2.weight'];
    const huge = { ...kernel, data: kernel.data.with(3, 1e5) };
    const broken = { ...forward, [place]: { ...forward[place], 'conv2.weight': huge } };
    expect(() => roundConditioners(broken, 'fp16')).toThrow(
      'levels.0.steps.0.coupling.conv2.weight is 100000 at element 3',
    );
    expect(() => roundConditioners(broken, 'int8-weights')).not.toThrow();
  });
});

test('half-precision numbers round and are stored as ONNX Runtime does it', async () => {
  const random = createRandom(64);
  const spread = Array.from({ length: 500 }, () => random.normal() * 2 ** (24 * random.normal()));
  const values = [
    0,
    1,
    -1,
    0.1,
    65504,
    -65504,
    2 ** -24,
    2 ** -25,
    1.5 * 2 ** -24,
    2049,
    2051,
    2 ** -14,
    6.1e-5,
  ]
    .concat(spread.filter((value) => Math.abs(value) < 65504))
    .map(Math.fround);
  const one = input('one', 'float32', [1]);
  const stored = cast(constant([values.length], values.map(roundFloat16), 'float16'), 'float32');
  const outputs = { stored: mul(stored, one) };
  const x = input('x', 'float32', [values.length]);
  const casts = mul(cast(cast(x, 'float16'), 'float32'), one);
  const got = await runGraph(graph({ name: 'half', inputs: [one, x], outputs: { ...outputs, casts } }), {
    one: { shape: [1], data: [1] },
    x: { shape: [values.length], data: values },
  });
  expect(got.stored.data).toEqual(got.casts.data);
  expect(got.stored.data).toEqual(values.map(roundFloat16));
});
