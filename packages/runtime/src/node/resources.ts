import { availableParallelism } from 'node:os';
import type { Resources } from '../model/memory-budget.js';
import type { Device } from '../sessions/device.js';
import { defaultWasmThreads, wasmBytes } from '../sessions/web-build.js';

/** What is left of the machine's memory, or of a container's limit. */
export function resources(device: Device): Resources {
  const cores = availableParallelism();
  if (device === 'cuda' || device === 'webgpu') return { memory: undefined, cores };
  const memory = process.availableMemory();
  if (device === 'cpu') return { memory, cores };
  return { memory: Math.min(memory, wasmBytes), cores: defaultWasmThreads(cores) };
}
