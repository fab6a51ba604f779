import { tmpdir } from 'node:os';
import { vulkanDriver, vulkanDriverFile, vulkanLoader } from './machine.js';
import { describeNeeding, testNeeding } from './needing.js';

/**
 * Variables that give ONNX Runtime's WebGPU provider a driver without a GPU: SwiftShader, as Debian's chromium carries
 * it. It computes on the CPU, 0.4 GFLOP/s, and has no half precision.
 */
export function softwareDriver(): Record<string, string> | undefined {
  const file = vulkanDriverFile();
  return file === undefined
    ? undefined
    : { VK_ICD_FILENAMES: file, VK_DRIVER_FILES: file, XDG_RUNTIME_DIR: tmpdir() };
}

/** For tests of WebGPU in Node. */
export const describeWebgpu = describeNeeding(vulkanDriver, vulkanLoader);
export const testWebgpu = testNeeding(vulkanDriver, vulkanLoader);
