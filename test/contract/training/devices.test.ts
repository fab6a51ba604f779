import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConfig, createGlow, encodeCheckpoint } from '@glow-onnx/flow';
import type { StepResult } from '../../../packages/trainer/src/engine/contract.js';
import { relativeError } from '../../support/numeric.js';
import { randomParams } from '../../support/random-params.js';
import { variants } from '../../support/variants.js';
import { describeWebgpu, softwareDriver } from '../../support/vulkan-driver.js';

/** Float32 in another order of sums, and shaders' exp and tanh of 1e-7, forwards and backwards through two levels. */
const FLOAT32 = 1e-5;
/** Ten steps carry that on, of Adam above all: it divides by gradients that may be as small as their rounding. */
const DRIFT = 1e-3;

const chosen = ['tutorial', 'port', 'openai', 'additive coupling', 'class-conditional'];
const cases = [
  ...chosen.flatMap((name) =>
    (['full', 'reversible'] as const).map((memory) => ({ name, memory, optimizer: 'adam' })),
  ),
  { name: 'openai', memory: 'full', optimizer: 'muon', steps: 6 }, // more kernels of a shape than a shader has inputs
] as const;

interface Trained {
  readonly bitsPerDim: readonly number[];
  readonly gradient: readonly number[];
  readonly losses: readonly number[];
  readonly scores: readonly number[];
  readonly refused: StepResult;
  readonly resident: boolean;
  readonly unfitting: string;
  readonly repeated: number;
}

interface Refusal {
  readonly refusal?: string;
}

/** An operator of which WebGPU has no kernel. */
const operator = 'Det';

const folder = mkdtempSync(join(tmpdir(), 'glow-training-'));
const requests = join(folder, 'requests.json');
beforeAll(() => {
  const list = cases.map(({ name, ...others }, i) => {
    const { config } = variants.find((variant) => variant.name === name) as (typeof variants)[number];
    const small = createConfig({ ...config, steps: 'steps' in others ? others.steps : 1 });
    const params = randomParams(createGlow(small), 5);
    const checkpoint = join(folder, `model ${i}`);
    writeFileSync(checkpoint, encodeCheckpoint({ config: small, params, initialised: true }));
    return { checkpoint, ...others };
  });
  writeFileSync(requests, JSON.stringify([...list, { operator }]));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What each case comes to on a device, and last what is said of the operator. */
function trainOn(device: string, env: Readonly<Record<string, string>> = {}): [...Trained[], Refusal] {
  const results = join(folder, device);
  const argv = [join(__dirname, 'devices-process.mjs'), device, requests, results];
  const { status, stderr } = spawnSync(process.execPath, argv, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`devices-process.mjs ${device}: ended with ${status}:\n${stderr}`);
  return JSON.parse(readFileSync(results, 'utf8'));
}

const driver = softwareDriver();
const devices = [
  { device: 'wasm', env: {}, describeDevice: describe },
  { device: 'webgpu', env: driver ?? {}, describeDevice: describeWebgpu },
  // TRAINING_DEVICES=cuda,webgpu: those of this machine, with its own drivers.
  ...(process.env.TRAINING_DEVICES?.split(',') ?? []).map((device) => ({
    ...{ device, env: {}, describeDevice: describe },
  })),
];
let cpu: [...Trained[], Refusal];
beforeAll(() => {
  cpu = trainOn('cpu');
}, 120_000);

for (const { device, env, describeDevice } of devices) {
  describeDevice(`training on ${device}`, () => {
    let results: [...Trained[], Refusal];
    beforeAll(() => {
      results = trainOn(device, env);
    }, 600_000);

    test.each(cases.map((one, i) => ({ ...one, i })))(
      'has the gradient of cpu and learns as there: $name, $memory, $optimizer',
      ({ i }) => {
        const [got, expected] = [results[i], cpu[i]] as [Trained, Trained];
        expect(relativeError(got.bitsPerDim, expected.bitsPerDim)).toBeLessThan(FLOAT32);
        expect(relativeError(got.gradient, expected.gradient)).toBeLessThan(FLOAT32);
        expect(expected.losses[9]).toBeLessThan((expected.losses[0] as number) - 0.05);
        const { bitsPerDim, gradientNorm, applied } = got.refused;
        expect(applied).toBe(false);
        expect(bitsPerDim).toBe(got.losses[0]);
        expect(relativeError([gradientNorm], [expected.refused.gradientNorm])).toBeLessThan(FLOAT32);
        expect(relativeError(got.losses, expected.losses)).toBeLessThan(DRIFT);
        expect(got.unfitting).toMatch(/^parameters: "levels\.0\..*" is missing$/);
        expect(relativeError([got.repeated], [got.losses[4] as number])).toBeLessThan(FLOAT32);
        expect(relativeError(got.scores, expected.scores)).toBeLessThan(DRIFT);
      },
    );

    test('keeps parameters in the memory of a GPU', () => {
      const kept = cases.filter((_, i) => (results[i] as Trained).resident);
      expect(kept).toEqual(device === 'webgpu' ? cases : []);
    });

    test('names an operator that it has no kernel for', () => {
      const { refusal } = results.at(-1) as Refusal;
      const said = `training: gradient on ${device}: no kernel for Det; pass another --device: cpu, or wasm in a page`;
      expect(refusal).toBe(device === 'wasm' ? undefined : said);
    });
  });
}
