import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { softwareDriver, testWebgpu } from '../../support/vulkan-driver.js';

/**
 * Backends add up in different orders, which float32 rounds in its own way; what one step rounds away, Adam carries
 * on, since it divides by gradients that may be small. Of losses that fall from 4.6 to 2.8 bits/dim in 50 steps, cpu,
 * wasm, webgpu and tfjs-node differ by at most 7e-4 (measured).
 */
const TOLERANCE = 5e-3;

async function losses(engine: string, device: string, env = {}): Promise<number[]> {
  const argv = ['test/contract/training/losses-process.mjs', engine, device];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env: { ...process.env, ...env } });
  return JSON.parse(stdout);
}

const cases = [
  { engine: 'tfjs', device: 'wasm', env: {}, run: test },
  { engine: 'onnxruntime', device: 'cpu', env: {}, run: test },
  { engine: 'tfjs', device: 'webgpu', env: softwareDriver() ?? {}, run: testWebgpu },
];

for (const { engine, device, env, run } of cases) {
  run(
    `${engine} on ${device} loses as TensorFlow.js on cpu does, step by step`,
    async () => {
      const [cpu, other] = await Promise.all([losses('tfjs', 'cpu'), losses(engine, device, env)]);
      expect(other).toHaveLength(50);
      expect(cpu[49]).toBeLessThan(cpu[0] - 1);
      expect(Math.max(...other.map((loss, step) => Math.abs(loss - cpu[step])))).toBeLessThan(TOLERANCE);
    },
    240_000, // SwiftShader computes on the processor, half a second a step
  );
}
