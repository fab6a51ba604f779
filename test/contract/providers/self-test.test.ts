import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadOptions } from '@glow-onnx/runtime';
import { alterFile, readSixChannels } from '../../support/altered-folder.js';
import { type ModelFixture, writeModelFixture } from '../../support/model-fixture.js';
import { relativeError } from '../../support/numeric.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { describeWebgpu, softwareDriver } from '../../support/vulkan-driver.js';

/** Float32 in another order of sums: a few roundings of 6e-8. */
const FLOAT32 = 1e-5;
/** A hundred times that. A random model's convolutions have small weights, so wrong ones do not show as errors of 1. */
const WRONG = 1e-3;

interface Loaded {
  readonly skipped: readonly object[];
  readonly logProb: number;
}

const driver = softwareDriver();

/** Loads folders in a process whose WebGPU is SwiftShader. */
function load(requests: readonly { folder: string; options: LoadOptions }[], path: string) {
  writeFileSync(path, JSON.stringify(requests));
  const script = join(__dirname, 'load-process.mjs');
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, path], {
    env: { ...process.env, ...driver },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`load-process.mjs: ended with ${status}:\n${stderr}`);
  return { results: JSON.parse(stdout), stderr };
}

describeWebgpu('the self-test on WebGPU', () => {
  const config = tinyConfig({ height: 4, width: 4, levels: 1, hiddenChannels: 4, bits: 8 });
  let parent: string;
  let sound: ModelFixture;
  let passed: Loaded;
  let refused: { error: { message: string } };
  let listed: Loaded;
  let unchecked: Loaded;
  let kept: Loaded;
  let logged: string;
  beforeAll(async () => {
    sound = await writeModelFixture(config, 3, { singleFile: true });
    parent = await mkdtemp(join(tmpdir(), 'glow-webgpu-'));
    const faulty = join(parent, 'faulty');
    await cp(sound.directory, faulty, { recursive: true });
    for (const graph of ['encode', 'decode']) await alterFile(faulty, `onnx/${graph}.onnx`, readSixChannels);
    const { results, stderr } = load(
      [
        { folder: sound.directory, options: { device: 'webgpu' } },
        { folder: faulty, options: { device: 'webgpu' } },
        { folder: faulty, options: { device: ['webgpu', 'cpu'] } },
        { folder: faulty, options: { device: 'webgpu', selfTest: false } },
        { folder: sound.directory, options: { device: 'webgpu', selfTest: false, keepLatents: true } },
      ],
      join(parent, 'requests.json'),
    );
    [passed, refused, listed, unchecked, kept] = results;
    logged = stderr;
  }, 120_000);
  afterAll(async () => {
    await sound.remove();
    await rm(parent, { recursive: true });
  });

  test('passes a model folder as the exporter writes it, whose pictures come back exactly', () => {
    expect(passed).toMatchObject({ device: 'webgpu', selfTest: 'passed', skipped: [], exact: true });
  });

  test('refuses one with a convolution of six channels, which WebGPU miscomputes', () => {
    expect(refused.error).toMatchObject({ name: 'DeviceError', code: 'self-test', device: 'webgpu' });
    expect(refused.error.message).toMatch(/golden images wrongly \(encode against float64: error of z/);
    expect(Number(/largest z is ([0-9.]+)/.exec(refused.error.message)?.[1])).toBeGreaterThan(WRONG);
  });

  test('passes over WebGPU in a list, keeps the reason, and the next device computes rightly', () => {
    expect(listed).toMatchObject({ device: 'cpu', selfTest: 'passed', exact: true });
    expect(listed.skipped).toEqual([
      { device: 'webgpu', reason: expect.stringContaining('golden images wrongly') },
    ]);
    expect(relativeError([passed.logProb], [listed.logProb])).toBeLessThan(FLOAT32);
  });

  test('is what stands between the user and wrong numbers: without it they come', () => {
    expect(unchecked).toMatchObject({ device: 'webgpu', selfTest: 'none' });
    expect(relativeError([unchecked.logProb], [listed.logProb])).toBeGreaterThan(WRONG);
  });

  test('finds latents that stay on the GPU to give the same pictures', () => {
    expect(kept).toMatchObject({ device: 'webgpu', exact: true });
    expect(kept.logProb).toBe(passed.logProb);
  });

  test('is silent but for what it throws', () => {
    expect(logged).toBe('');
  });
});
