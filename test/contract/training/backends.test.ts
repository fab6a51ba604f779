import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { softwareDriver, testWebgpu } from '../../support/vulkan-driver.js';

/**
 * Backends add up in different orders, which float32 rounds in its own way; what one step rounds away, Adam carries
 * on, since it divides by gradients that may be small. Of losses that fall from 4.6 to 2.8 bits/dim in 50 steps, cpu,
 * wasm, webgpu and tfjs-node differ by at most 7e-4 (measured).
 */
const TOLERANCE = 5e-3;

async function losses(engine: string, device: string, steps: number, env = {}): Promise<number[]> {
  const argv = ['test/contract/training/losses-process.mjs', engine, device, String(steps)];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env: { ...process.env, ...env } });
  return JSON.parse(stdout);
}

let cpu: number[];
beforeAll(async () => {
  cpu = await losses('tfjs', 'cpu', 50);
}, 60_000);

/** SwiftShader computes on the processor, half a second a step and more. */
const cases = [
  { engine: 'tfjs', device: 'wasm', steps: 50, env: {}, run: test },
  { engine: 'onnxruntime', device: 'cpu', steps: 50, env: {}, run: test },
  { engine: 'tfjs', device: 'webgpu', steps: 15, env: softwareDriver() ?? {}, run: testWebgpu },
];

for (const { engine, device, steps, env, run } of cases) {
  run(
    `${engine} on ${device} loses as TensorFlow.js on cpu does, step by step`,
    async () => {
      const other = await losses(engine, device, steps, env);
      expect(other).toHaveLength(steps);
      expect(cpu.at(-1)).toBeLessThan((cpu[0] as number) - 1);
      const apart = other.map((loss, step) => Math.abs(loss - (cpu[step] as number)));
      expect(Math.max(...apart)).toBeLessThan(TOLERANCE);
    },
    240_000,
  );
}
