import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createConfig, createGlow, createRandom } from '@glow-onnx/flow';
import { encodeModel } from '@glow-onnx/graph';
import { loadGlow, type RawImage } from '@glow-onnx/runtime/node';
import { featureGraph } from '../../../packages/runtime/src/gradients/feature-graph.js';
import { regionWeights } from '../../../packages/runtime/src/model/run-features.js';
import { exported } from '../../support/exported-graphs.js';
import { relativeError } from '../../support/numeric.js';
import { randomParams, randomTensor } from '../../support/random-params.js';
import { producer } from '../../support/run-graph.js';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';
import { variants } from '../../support/variants.js';
import { softwareDriver, testWebgpu } from '../../support/vulkan-driver.js';
import { type Case, outputsOf, runCases } from '../providers/run-graphs.js';

/** Float32 on GPUs, relative to the largest number. Docs/representation.md states it. */
const AGREEMENT = 1e-5;

const names = ['tutorial', 'openai', 'class-conditional'];

/** Three channels and two levels, of few shaders, since SwiftShader takes a second to compile some. */
const models = variants
  .filter(({ name }) => names.includes(name))
  .map(({ name, config }) => ({ name, config: createConfig({ ...config, height: 8, width: 8, steps: 1 }) }));

/** The graph of features on two images, whose coarser level has odd sides. */
const cases = models.map(({ name, config }): Case => {
  const model = featureGraph({ model: encodeModel(exported(config, 31).encodeGraph, { producer }) }, config);
  const x = randomTensor([2, config.channels, 12, 20], createRandom(32), 0.3);
  return { name, model, inputs: { x, ...regionWeights(config.levels, 12, 20) } };
});

testWebgpu(
  'WebGPU in Node computes the features that cpu computes',
  () => {
    const cpu = runCases({ library: 'onnxruntime-node', provider: 'cpu' }, cases);
    const driver = softwareDriver() ?? {};
    const found = runCases({ library: 'onnxruntime-node', provider: 'webgpu', env: driver }, cases);
    const errors = cases.flatMap(({ name }) =>
      Object.entries(outputsOf(found, name)).map(([output, { data }]) => ({
        ...{ name, output },
        error: relativeError(data, outputsOf(cpu, name)[output]?.data ?? []),
      })),
    );
    expect(errors).toHaveLength(2 * names.length); // an output for each conditioner
    expect(errors.filter(({ error }) => !(error <= AGREEMENT))).toEqual([]);
  },
  300_000,
);

describeBrowser('in Chromium', () => {
  const parent = mkdtempSync(join(tmpdir(), 'glow-features-'));
  const { config } = models[0] as (typeof models)[number];
  const browser = useBrowser({ mounts: { '/own/': parent } });
  beforeAll(async () => {
    const checkpoint = { config, params: randomParams(createGlow(config), 31), initialised: true };
    await exportModel(checkpoint, { out: join(parent, 'model') });
  }, 120_000);
  afterAll(() => rmSync(parent, { recursive: true }));

  test('wasm and WebGPU give the features of cpu, for an image of the training size and for another', async () => {
    const images = [
      [8, 8],
      [20, 12],
    ].map(([width, height], seed): RawImage => {
      const { below } = createRandom(33, seed);
      const data = Uint8Array.from({ length: 3 * width * height }, () => below(256));
      return { width, height, channels: 3, data };
    });
    await using model = await loadGlow(join(parent, 'model'), { device: 'cpu' });
    const expected = await model.features(images, { fit: 'none' });
    for (const device of ['wasm', 'webgpu'] as const) {
      const found = await browser.run(
        async ({ glow, arg: { device, images } }) => {
          const model = await glow.loadGlow('/own/model', { device, cache: false, selfTest: false });
          const features = await model.features(images, { fit: 'none' });
          await model.dispose();
          return { device: model.device, rows: features.map(({ data }) => [...data]) };
        },
        { device, images },
      );
      expect(found.device).toBe(device);
      expect(found.rows).toHaveLength(2);
      for (const [i, { data }] of expected.entries()) {
        expect(relativeError(found.rows[i] as number[], data)).toBeLessThan(AGREEMENT);
      }
    }
  }, 600_000);
});
