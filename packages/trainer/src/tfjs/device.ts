import { messageOf } from '@glow-onnx/runtime/internal';
import * as tf from '@tensorflow/tfjs-core';
import type { OpenedDevice, SkippedBackend } from '../engine/opened-device.js';

/**
 * The devices of TensorFlow.js in the order in which `auto` tries them: the fastest first. A WebGPU that software draws
 * does not count, because wasm is a hundred times as fast.
 */
const devices = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;
export type TfjsDevice = (typeof devices)[number];

const packages = {
  'node-gpu': '@tensorflow/tfjs-node-gpu',
  node: '@tensorflow/tfjs-node',
} as const;

/** The machines or models that each device is best for. */
const uses: Record<TfjsDevice, string> = {
  'node-gpu': 'for an NVIDIA GPU with CUDA 11.2 and cuDNN 8.1',
  node: 'for 128 hidden channels or more',
  webgpu: 'for any GPU',
  wasm: 'for any processor',
  cpu: 'for tests',
};

/** Opens the backend of a device. Throws if it is not available or, with `real`, if software draws it. */
const openers: Record<TfjsDevice, (real: boolean) => Promise<void>> = {
  'node-gpu': async () => {
    await importOptional(packages['node-gpu']);
    await use('tensorflow');
  },
  node: async () => {
    await importOptional(packages.node);
    await use('tensorflow');
  },
  webgpu: async (real) => {
    await provideGpu(real);
    await importOptional('@tensorflow/tfjs-backend-webgpu');
    await use('webgpu');
  },
  wasm: async () => {
    await import('@tensorflow/tfjs-backend-wasm');
    await use('wasm');
  },
  cpu: async () => {
    await import('@tensorflow/tfjs-backend-cpu');
    await use('cpu');
  },
};

/**
 * Opens a TensorFlow.js backend. `auto` opens the fastest that works on this machine.
 * @throws Error if the requested backend is not available, with the reason and advice.
 */
export function openDevice(wanted: TfjsDevice | 'auto'): Promise<OpenedDevice<TfjsDevice>> {
  const opened = turn.then(() => open(wanted));
  turn = opened.catch(() => {});
  return opened;
}

/** One backend opens at a time: TensorFlow.js gives up a backend that is starting when another one is requested. */
let turn: Promise<unknown> = Promise.resolve();

async function open(wanted: TfjsDevice | 'auto'): Promise<OpenedDevice<TfjsDevice>> {
  tf.enableProdMode();
  if (wanted !== 'auto') {
    try {
      await openers[wanted](false);
    } catch (cause) {
      throw new Error(
        `device "${wanted}" is not available here: ${reason(cause)}; pass --device auto or wasm`,
        { cause },
      );
    }
    return { device: wanted, skipped: [] };
  }
  const skipped: SkippedBackend[] = [];
  for (const device of devices) {
    try {
      await openers[device](true);
      return { device, skipped };
    } catch (error) {
      skipped.push({ device, use: uses[device], reason: reason(error) });
    }
  }
  const why = skipped.map(({ device, reason }) => `${device}: ${reason}`);
  throw new Error(`no TensorFlow.js backend works on this machine: ${why.join('; ')}`);
}

async function use(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`backend "${backend}" did not start`);
  await tf.ready();
}

/** Imports a package that users install themselves. Compilers and bundlers do not look for a name in a variable. */
async function importOptional(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch (cause) {
    const missing = (cause as { code?: string }).code?.includes('MODULE_NOT_FOUND');
    throw new Error(missing ? `${name} is not installed` : reason(cause), { cause });
  }
}

/** In Node, puts the npm package `webgpu` where a browser has WebGPU: `navigator.gpu`. */
async function provideGpu(real: boolean): Promise<void> {
  const scope = globalThis as unknown as { navigator?: { gpu?: Gpu } };
  if (!scope.navigator?.gpu) {
    const dawn = (await importOptional('webgpu')) as { create(flags: string[]): Gpu; globals: object };
    Object.assign(globalThis, dawn.globals);
    const navigator = scope.navigator ?? {}; // Node 20 has none
    Object.defineProperty(navigator, 'gpu', { value: dawn.create([]), configurable: true });
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  }
  const adapter = await scope.navigator?.gpu?.requestAdapter();
  if (!adapter) throw new Error('no GPU adapter');
  const { description = '', isFallbackAdapter = false } = adapter.info ?? {};
  if (real && (isFallbackAdapter || /swiftshader|llvmpipe/i.test(description))) {
    throw new Error(`its adapter is software (${description})`);
  }
}

interface Gpu {
  requestAdapter(): Promise<{ info?: { description?: string; isFallbackAdapter?: boolean } } | null>;
}

function reason(error: unknown): string {
  return messageOf(error).split('\n')[0];
}
