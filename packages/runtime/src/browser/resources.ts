import type { Resources } from '../model/memory-budget.js';
import type { Device } from '../sessions/device.js';
import { wasmBytes } from '../sessions/web-build.js';
import { defaultThreads } from './onnxruntime.js';

/** Browsers do not tell what is free. Chromium rounds the machine's memory, at most 8 GiB; others say nothing. */
const typicalGigabytes = 4;

/** Half of the machine's memory for a page, and at most what WebAssembly can address. */
export function resources(device: Device): Resources {
  const { deviceMemory = typicalGigabytes } = navigator as { deviceMemory?: number };
  return {
    memory: device === 'webgpu' ? undefined : Math.min((deviceMemory * 2 ** 30) / 2, wasmBytes),
    cores: defaultThreads(),
  };
}
