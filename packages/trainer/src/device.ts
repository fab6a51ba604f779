import * as tf from '@tensorflow/tfjs-core';

export const devices = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;
export type TfjsDevice = (typeof devices)[number];

/** A backend that is ready, and why it and not another. */
export interface OpenedDevice {
  readonly device: TfjsDevice;
  /** Such as "wasm", or "wasm (node-gpu: not installed; node: not installed)". */
  readonly description: string;
}

const packages = {
  'node-gpu': '@tensorflow/tfjs-node-gpu',
  node: '@tensorflow/tfjs-node',
} as const;

/** How each backend comes to be; throws if it is not to be had here. */
const openers: Record<TfjsDevice, () => Promise<void>> = {
  'node-gpu': async () => {
    await importOptional(packages['node-gpu']);
    await use('tensorflow');
  },
  node: async () => {
    await importOptional(packages.node);
    await use('tensorflow');
  },
  webgpu: async () => {
    await provideNavigatorGpu();
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
 * What `auto` tries, best first. WebGPU stands behind none but native TensorFlow: where its adapter is real it is
 * faster than wasm; one that only software draws is refused, because wasm is then a hundred times as fast.
 */
const preference: readonly TfjsDevice[] = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'];

/**
 * Opens a TensorFlow.js backend. `auto` takes the first in order of speed that is here.
 * @throws Error if the one asked for is not, saying why and what to do.
 */
export async function openDevice(wanted: TfjsDevice | 'auto'): Promise<OpenedDevice> {
  tf.enableProdMode();
  if (wanted !== 'auto') {
    try {
      await openers[wanted]();
    } catch (cause) {
      throw new Error(
        `device "${wanted}" is not available here: ${reason(cause)}; pass --device auto or wasm`,
        { cause },
      );
    }
    return { device: wanted, description: wanted };
  }
  const skipped: string[] = [];
  for (const device of preference) {
    try {
      await openers[device]();
      const why = skipped.length > 0 ? ` (${skipped.join('; ')})` : '';
      return { device, description: device + why };
    } catch (error) {
      skipped.push(`no ${device}: ${reason(error)}`);
    }
  }
  throw new Error(`no TensorFlow.js backend works here: ${skipped.join('; ')}`);
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
    throw new Error(missing ? `not installed (npm install ${name})` : reason(cause), { cause });
  }
}

/** In Node, WebGPU is the npm package `webgpu`; its adapter must be a real one. */
async function provideNavigatorGpu(): Promise<void> {
  const scope = globalThis as unknown as { navigator?: { gpu?: GpuLike } };
  if (!scope.navigator?.gpu) {
    const dawn = (await importOptional('webgpu')) as { create(flags: string[]): GpuLike; globals: object };
    Object.assign(globalThis, dawn.globals);
    const navigator = scope.navigator ?? {};
    if (scope.navigator === undefined) Object.defineProperty(globalThis, 'navigator', { value: navigator });
    Object.defineProperty(navigator, 'gpu', { value: dawn.create([]), configurable: true });
  }
  const adapter = await (
    globalThis as unknown as { navigator: { gpu: GpuLike } }
  ).navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('no GPU adapter');
  if (adapter.info?.isFallbackAdapter || /swiftshader|llvmpipe/i.test(adapter.info?.description ?? '')) {
    throw new Error(`its adapter is software (${adapter.info?.description})`);
  }
}

interface GpuLike {
  requestAdapter(): Promise<{
    info?: { description?: string; isFallbackAdapter?: boolean };
  } | null>;
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
