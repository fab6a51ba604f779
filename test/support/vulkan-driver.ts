import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/**
 * Variables that give ONNX Runtime's WebGPU provider a driver without a GPU: SwiftShader, as Debian's chromium carries
 * it. It computes on the CPU, 0.4 GFLOP/s, and has no half precision.
 */
export function softwareDriver(): Record<string, string> | undefined {
  const file = findDriver();
  return file === undefined
    ? undefined
    : { VK_ICD_FILENAMES: file, VK_DRIVER_FILES: file, XDG_RUNTIME_DIR: tmpdir() };
}

export const driverMissing = 'no Vulkan driver for WebGPU: apt-get install chromium (it brings SwiftShader)';

function findDriver(): string | undefined {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (named && existsSync(named)) return named;
  try {
    const files = execFileSync('dpkg', ['-L', 'chromium', 'chromium-common'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return files.split('\n').find((path) => path.endsWith('/vk_swiftshader_icd.json') && existsSync(path));
  } catch {
    return undefined; // no dpkg, or the package is not installed
  }
}
