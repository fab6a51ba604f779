import * as tf from '@tensorflow/tfjs-core';

export const devices = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;
export type TfjsDevice = (typeof devices)[number];

/** A backend that is ready, and why it and not another. */
export interface OpenedDevice<Device extends string = string> {
  readonly device: Device;
  /** The library that computes and why, where the choice was left open. */
  readonly engine?: string;
  /** Those that `auto` would have preferred, when that is right, and why it could not. */
  readonly skipped: readonly SkippedDevice[];
}

export interface SkippedDevice {
  readonly device: string;
  readonly use: string;
  readonly reason: string;
}

const packages = {
  'node-gpu': '@tensorflow/tfjs-node-gpu',
  node: '@tensorflow/tfjs-node',
} as const;

/** When a backend is worth its trouble. */
const uses: Record<TfjsDevice, string> = {
  'node-gpu': 'for an NVIDIA GPU with CUDA 11.2 and cuDNN 8.1',
  node: 'for 128 hidden channels or more',
  webgpu: 'for any GPU',
  wasm: 'for any processor',
  cpu: 'for tests',
};

/** How each backend comes to be; throws if it is not to be had here, or with `real` if only software draws it. */
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
 * What `auto` tries, best first. WebGPU comes before wasm because a real GPU is faster; one that only software draws
 * is not taken, because wasm is then a hundred times as fast.
 */
const preference: readonly TfjsDevice[] = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'];

/**
 * Opens a TensorFlow.js backend. `auto` takes the first in order of speed that is here.
 * @throws Error if the one asked for is not, saying why and what to do.
 */
export function openDevice(wanted: TfjsDevice | 'auto'): Promise<OpenedDevice<TfjsDevice>> {
  const opened = turn.then(() => open(wanted));
  turn = opened.catch(() => {});
  return opened;
}

/** One after the other: TensorFlow.js gives up a backend that is starting when one is asked for again. */
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
  const skipped: SkippedDevice[] = [];
  for (const device of preference) {
    try {
      await openers[device](true);
      return { device, skipped };
    } catch (error) {
      skipped.push({ device, use: uses[device], reason: reason(error) });
    }
  }
  const why = skipped.map(({ device, reason }) => `${device}: ${reason}`);
  throw new Error(`no TensorFlow.js backend works here: ${why.join('; ')}`);
}

async function use(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`backend "${backend}" did not start`);
  await tf.ready();
}

/** A package that users install themselves. The name is a value so that compilers and bundlers do not ask for it. */
async function importOptional(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch (cause) {
    const missing = (cause as { code?: string }).code?.includes('MODULE_NOT_FOUND');
    throw new Error(missing ? `${name} is not installed` : reason(cause), { cause });
  }
}

/** In Node, WebGPU is the npm package `webgpu`, which is to stand where a browser has it. */
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
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
