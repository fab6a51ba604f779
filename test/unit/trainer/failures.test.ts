import { createGlow, initialParams } from '@glow-onnx/flow';
import { encodeModel, exp, graph, input, type Value } from '@glow-onnx/graph';
import { openSession } from '@glow-onnx/runtime/session';
import type { Batch } from '../../../packages/trainer/src/engine/batch.js';
import { createEngine, initialLearned } from '../../../packages/trainer/src/engine/create-engine.js';
import type { Differentiator } from '../../../packages/trainer/src/engine/differentiator.js';
import { createHostLearner } from '../../../packages/trainer/src/engine/host-learner.js';
import { parameterLayout } from '../../../packages/trainer/src/engine/parameters.js';
import {
  type Attempt,
  explainOpening,
  explainRun,
} from '../../../packages/trainer/src/onnxruntime/explain-failure.js';
import { memories } from '../../../packages/trainer/src/onnxruntime/memory.js';
import { openOnnxRuntimeDifferentiator } from '../../../packages/trainer/src/onnxruntime/onnxruntime-differentiator.js';
import { trainingGraph } from '../../../packages/trainer/src/onnxruntime/training-graph.js';
import { defaultSettings } from '../../../packages/trainer/src/settings/settings.js';
import { producer } from '../../support/run-graph.js';
import { tinyConfig } from '../../support/tiny-config.js';

describe('a batch that is not the model’s', () => {
  const config = tinyConfig({ channels: 1, height: 4, width: 4, prior: 'learned', classes: 3 });
  const glow = createGlow(config);
  const never = async (): Promise<never> => {
    throw new Error('it was let through');
  };
  const untouched: Differentiator = {
    ...{ description: '', initialise: never, gradient: never, evaluate: never, orthogonalise: never },
    dispose: async () => {},
  };
  const layout = parameterLayout(glow);
  const learned = initialLearned(layout, initialParams(glow, 1).trainable, false);
  const learner = createHostLearner(layout, untouched, learned, 'adam');
  const engine = createEngine(glow, learner, { ...defaultSettings, ema: 0 });
  const x = new Float32Array(2 * 16);
  const classes = Uint16Array.of(0, 2);
  const wrong: [string, Batch, string][] = [
    ['of no images', { count: 0, x: new Float32Array(0) }, 'count must be a positive integer, got 0'],
    [
      'of another size',
      { count: 3, x, classes },
      'x of 3 images of 4×4×1 must have 48 values, got 32; crop or resize the images',
    ],
    ['without classes', { count: 2, x }, 'a model of 3 classes needs the class of each image; pass classes'],
    [
      'with too few classes',
      { count: 2, x, classes: Uint16Array.of(1) },
      'classes must have 2 values, one for each image, got 1',
    ],
    [
      'of a class that there is not',
      { count: 2, x, classes: Uint16Array.of(0, 3) },
      'classes[1] must be from 0 to 2, got 3; pass the classes of this model',
    ],
  ];

  test.each(wrong)('%s is refused before anything is computed', async (_, batch, message) => {
    const calls = [engine.initialise, (it: Batch) => engine.step(it, 1e-3, 1), engine.evaluate];
    for (const call of calls) {
      const error = await call(batch).catch((thrown: unknown) => thrown);
      expect(error).toEqual(new RangeError(`batch: ${message}`));
    }
  });

  test('is only what differs: this one is let through', async () => {
    await expect(engine.evaluate({ count: 2, x, classes })).rejects.toThrow('it was let through');
  });
});

describe('a batch that memory does not hold', () => {
  // Of one hidden activation, 16 kB an image and pixel: on wasm, which has 4 GB, 130,000 images are just too many for
  // its allocator, and 140,000 for its integers.
  const glow = createGlow(
    tinyConfig({ channels: 1, height: 4, width: 4, levels: 1, steps: 1, hiddenChannels: 2048 }),
  );
  const { fixed } = initialParams(glow, 1);
  const parameters = new Float32Array(parameterLayout(glow).size);
  let differentiator: Differentiator;
  beforeAll(async () => {
    differentiator = await openOnnxRuntimeDifferentiator(glow, fixed, { device: 'wasm', count: 1 });
  });
  afterAll(() => differentiator.dispose());

  test.each([130_000, 140_000])('is an error that says what to change: %i images', async (count) => {
    const run = differentiator.gradient(parameters, { count, x: new Float32Array(16 * count) });
    await expect(run).rejects.toThrow(
      `training: gradient of ${count} images on wasm: out of memory (WebAssembly has at most 4 GB); pass fewer ` +
        'images at once (a smaller --batch, or --accumulate), or recompute activations (--memory reversible) (',
    );
  });

  test('leaves the engine as it was', async () => {
    const { bitsPerDim } = await differentiator.gradient(parameters, { count: 1, x: new Float32Array(16) });
    expect(bitsPerDim[0]).toBeGreaterThan(0);
  });
});

const attempt: Attempt = { kind: 'gradient', device: 'webgpu', count: 64, memory: 'reversible' };

describe('what ONNX Runtime says', () => {
  test.each([
    "Non-zero status code returned while running Mul node. Name:'y/mul' Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:360 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 83886080000\n",
    'failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc',
    'WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.',
    'shader_helper.cc:306 AddVariableImpl() Too many storage buffers in shader. Current: 14, Max is 12',
    'CUDA failure 2: out of memory ; GPU=0 ; hostname=a; expr=cudaMalloc((void**)&p, size);',
    'Array buffer allocation failed',
  ])('about memory ends in advice: %s', (said) => {
    const cause = new Error(said);
    const error = explainRun(cause, attempt);
    expect(error.message).toMatch(
      /^training: gradient of 64 images on webgpu: out of memory; pass fewer images at once \(.*\) \(.*\)$/,
    );
    expect(error.cause).toBe(cause);
  });

  test('about memory is told without the place in its source', () => {
    const said =
      "running Mul node. Name:'y' Status Message: /a/b.cc:360 void* C::Raw(size_t, bool) Failed to allocate 8";
    expect(explainRun(new Error(said), attempt).message).toMatch(/ \(Failed to allocate 8\)$/);
  });

  test.each([
    'Device is lost',
    'device "webgpu" was lost (); reload the page, or use device: "wasm"',
    'WebGPU device lost (2): The GPU process has ended.',
    'CUDA failure 719: unspecified launch failure ; GPU=0',
  ])('about a GPU that is gone ends in how to go on: %s', (said) => {
    expect(explainRun(said, attempt).message).toBe(
      `training: gradient of 64 images on webgpu: the GPU was lost; continue from the last checkpoint (--resume) if one was saved, or use another --device (${said})`,
    );
  });

  test.each([
    'something new',
    'CUDA failure 209: no kernel image is available for execution on the device ; GPU=0',
    '/home/bloom/libcudnn.so.9: cannot open shared object file',
  ])('about anything else is passed on, with what was under way: %s', (said) => {
    const cause = new Error(said);
    const error = explainRun(cause, attempt);
    expect(error.message).toBe(`training: gradient of 64 images on webgpu: ${said}`);
    expect(error.cause).toBe(cause);
  });
});

test.each(memories)('a parameter that the loss does not reach is named, with memory %s', (memory) => {
  const glow = createGlow(tinyConfig());
  const { fixed } = initialParams(glow, 1);
  const { places, size } = parameterLayout(glow);
  const more = [...places, { name: 'extra', shape: [2], from: size, to: size + 2 }];
  expect(() => trainingGraph(glow, fixed, more, { kind: 'gradient', count: 1, memory })).toThrow(
    /does not depend on extra \[2\]; /,
  );
});

test('a device without a kernel is told, with the operator', async () => {
  // Relu of int64 is in ONNX, but ONNX Runtime has none.
  const [x, numbers] = [input('x', 'float32', [2]), input('numbers', 'int64', [2])];
  const y: Value = {
    ...numbers,
    source: { kind: 'node', operator: 'Relu', inputs: [numbers], attributes: {} },
    name: 'y',
  };
  const built = graph({ name: 'g', inputs: [x, numbers], outputs: { y, z: exp(x) } });
  const model = encodeModel(built, { producer });
  const refused = await openSession({ model, device: 'cpu' }).catch((error: unknown) => error);
  const error = await explainOpening(refused, built, { ...attempt, device: 'cpu' });
  expect(error.message).toBe('training: gradient on cpu: no kernel for Relu; pass another --device');
});
