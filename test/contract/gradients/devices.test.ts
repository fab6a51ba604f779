import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createConfig, createGlow, createRandom } from '@glow-onnx/flow';
import { latentShapes } from '@glow-onnx/flow/internal';
import { encodeModel, type Graph } from '@glow-onnx/graph';
import { type FloatImage, type Latents, loadGlow } from '@glow-onnx/runtime/node';
import { gradientGraph } from '../../../packages/runtime/src/gradients/gradient-graphs.js';
import { surpriseGraph } from '../../../packages/runtime/src/gradients/surprise-graph.js';
import { byName, exported } from '../../support/exported-graphs.js';
import { relativeError } from '../../support/numeric.js';
import { labelsFor, randomParams, randomTensor } from '../../support/random-params.js';
import { producer } from '../../support/run-graph.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';
import { variants } from '../../support/variants.js';
import { softwareDriver, testWebgpu } from '../../support/vulkan-driver.js';
import { type Case, outputsOf, type Runner, runCases } from '../providers/run-graphs.js';

/** Docs/gradients.md states it. Float32 on GPUs, once forwards and once backwards. */
const AGREEMENT = 1e-4;

const names = ['tutorial', 'learned prior per channel, 8×12', 'class-conditional'];

/** Three channels and two levels, of few shaders, since SwiftShader takes a second to compile some. */
const models = variants
  .filter(({ name }) => names.includes(name))
  .map(({ name, config }) => ({ name, config: createConfig({ ...config, height: 8, width: 8, steps: 1 }) }));

const bytes = (graph: Graph) => encodeModel(graph, { producer });

/** The graphs that are built at run time, on two images. */
function casesOf({ name, config }: (typeof models)[number]): Case[] {
  const { encodeGraph, decodeGraph } = exported(config, 31);
  const shape = [2, config.channels, 8, 8];
  const [x, target, weight, cotangent] = [32, 33, 34, 35].map((seed) =>
    randomTensor(shape, createRandom(seed), 0.3),
  );
  const z = latentShapes(config, 2, 8, 8).map((one, l) => randomTensor(one, createRandom(36, l), 0.5));
  const label = labelsFor(config.classes, 2);
  const labelled = label ? { label } : {};
  const model = (kind: 'encode' | 'decode', graph: Graph) => gradientGraph(kind, { model: bytes(graph) });
  return [
    { name: `${name}: encode`, model: model('encode', encodeGraph), inputs: { x, ...labelled } },
    {
      name: `${name}: surprise`,
      model: surpriseGraph({ model: bytes(encodeGraph) }),
      inputs: { x, ...labelled },
    },
    {
      name: `${name}: decode`,
      model: model('decode', decodeGraph),
      inputs: { ...byName(z), ...labelled, target, weight, cotangent },
    },
  ] as Case[];
}

const cases = models.flatMap(casesOf);

function expectAgreement(runner: Runner): void {
  const cpu = runCases({ library: 'onnxruntime-node', provider: 'cpu' }, cases);
  const results = runCases(runner, cases);
  const errors = cases.flatMap(({ name }) =>
    Object.entries(outputsOf(results, name)).map(([output, { data }]) => ({
      name,
      output,
      error: relativeError(data, outputsOf(cpu, name)[output]?.data ?? []),
    })),
  );
  expect(errors.length).toBeGreaterThanOrEqual(3 * cases.length);
  expect(errors.filter(({ error }) => !(error <= AGREEMENT))).toEqual([]);
}

test(
  'wasm computes the gradients that cpu computes',
  () => expectAgreement({ library: 'onnxruntime-web', provider: 'wasm' }),
  120_000,
);

testWebgpu(
  'WebGPU in Node computes the gradients that cpu computes',
  () => expectAgreement({ library: 'onnxruntime-node', provider: 'webgpu', env: softwareDriver() ?? {} }),
  300_000,
);

/** Classes and a learned prior, and what every variant has. */
const classes = models.find(({ name }) => name === 'class-conditional') as (typeof models)[number];
const parent = mkdtempSync(join(tmpdir(), 'glow-gradients-'));
beforeAll(async () => {
  const params = randomParams(createGlow(classes.config), 31);
  const checkpoint = { config: classes.config, params, initialised: true };
  await exportModel(checkpoint, { out: join(parent, 'model') });
}, 120_000);
afterAll(() => rmSync(parent, { recursive: true }));

function normals(seed: number, shape: readonly [number, number, number], scale: number): FloatImage {
  const { normal } = createRandom(seed);
  const size = shape[0] * shape[1] * shape[2];
  return { shape, data: Float32Array.from({ length: size }, () => scale * normal()) };
}

describeBrowser('in Chromium', () => {
  const browser = useBrowser({ mounts: { '/own/': parent } });

  test('wasm and WebGPU compute the gradients of cpu, and pass the check', async () => {
    const [x, cotangent] = [normals(1, [3, 8, 8], 0.2), normals(2, [3, 8, 8], 1)];
    const shapes = latentShapes(classes.config, 1, 8, 8);
    const z: Latents = {
      levels: shapes.map(([, c, h, w], l) => normals(3 + l, [c, h, w] as [number, number, number], 0.5)),
    };
    await using model = await loadGlow(join(parent, 'model'), { device: 'cpu' });
    const [climb, back] = [
      await model.logProbGradient(x, { label: 1 }),
      await model.decodeGradient(z, cotangent, { label: 1 }),
    ];
    const expected = [...climb.gradient, ...(back.gradient[0]?.levels ?? [])];
    for (const device of ['wasm', 'webgpu'] as const) {
      const found = await browser.run(
        async ({ glow, arg: { device, x, z, cotangent, label } }) => {
          const model = await glow.loadGlow('/own/model', { device, cache: false, selfTest: false });
          const climb = await model.logProbGradient(x, { label });
          const back = await model.decodeGradient(z, cotangent, { label });
          await model.dispose();
          const all = [...climb.gradient, ...(back.gradient[0]?.levels ?? [])];
          return { device: model.device, all: all.map(({ data }) => [...data]) };
        },
        { device, x, z, cotangent, label: 1 },
      );
      expect(found.device).toBe(device);
      expect(found.all).toHaveLength(3);
      for (const [n, { data }] of expected.entries()) {
        expect(relativeError(found.all[n] as number[], data)).toBeLessThan(AGREEMENT);
      }
    }
  }, 600_000);
});
