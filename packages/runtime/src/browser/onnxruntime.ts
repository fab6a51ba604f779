import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';
import type { OnnxRuntime, RuntimeOptions } from '../sessions/onnx-runtime.js';
import { queueOf } from '../sessions/queue.js';
import { failingWithGpu } from './lost-gpu.js';

/** One of ONNX Runtime's web builds. */
interface WebBuild {
  readonly name: Device;
  readonly load: () => Promise<typeof import('onnxruntime-web')>;
}

/** It runs wasm too, but is twice the download. */
export const webgpuBuild: WebBuild = { name: 'webgpu', load: () => import('onnxruntime-web/webgpu') };
export const wasmBuild: WebBuild = { name: 'wasm', load: () => import('onnxruntime-web/wasm') };

/** Which of ONNX Runtime's web builds runs each device. */
export type WebBuilds = Partial<Readonly<Record<Device, WebBuild>>>;

/**
 * Loads the web build of ONNX Runtime that has this device, when first needed.
 * @throws DeviceError if there is none, or no GPU for it.
 */
export async function loadOnnxRuntime(
  builds: WebBuilds,
  device: Device,
  options: RuntimeOptions,
): Promise<OnnxRuntime> {
  const build = builds[device];
  if (!build) {
    const found = Object.keys(builds).join('" or "');
    throw new DeviceError(
      device,
      'unavailable',
      `device "${device}" is not available here; pass device: "${found}"`,
    );
  }
  const processor = device === 'webgpu' ? describe(await requireAdapter()) : '';
  const ort = await build.load();
  const { threads = defaultThreads(), wasmPaths } = options;
  ort.env.logLevel = 'fatal';
  ort.env.wasm.numThreads = threads;
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  const queue = queueOf(build.name);
  return {
    name: `onnxruntime-web ${ort.env.versions.web}`,
    processor: `${processor} ${navigator.userAgent}`,
    // A build is one instance of WebAssembly, which takes one call at a time, whatever the device.
    inTurn: device === 'webgpu' ? failingWithGpu(queue, async () => ort.env.webgpu.device) : queue,
    advice:
      'see that its .wasm file is served with the page and that the content security policy allows ' +
      "'wasm-unsafe-eval'",
    InferenceSession: ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}

/** Threads share memory, which only a cross-origin isolated page may; beyond four, little is gained. */
export function defaultThreads(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.min(4, Math.ceil((navigator.hardwareConcurrency || 1) / 2));
}

async function requireAdapter(): Promise<GPUAdapter> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (adapter) return adapter;
  const reason = navigator.gpu
    ? 'this browser offers no GPU adapter'
    : globalThis.isSecureContext
      ? 'this browser has no WebGPU'
      : 'WebGPU needs a secure context (https or localhost)';
  throw new DeviceError(
    'webgpu',
    'unavailable',
    `device "webgpu" is not available here: ${reason}; pass device: "wasm"`,
  );
}

function describe({ info }: GPUAdapter): string {
  return [info.vendor, info.architecture, info.device, info.description].join(' ');
}

/** `auto` leaves a GPU that the browser imitates in software to wasm, which is faster. */
export async function objectionTo(device: Device): Promise<string | undefined> {
  if (device !== 'webgpu') return undefined;
  const adapter = await navigator.gpu?.requestAdapter();
  const info = adapter?.info as (GPUAdapterInfo & { readonly isFallbackAdapter?: boolean }) | undefined;
  const isSoftware = info?.isFallbackAdapter || info?.architecture === 'swiftshader';
  return isSoftware
    ? 'its adapter is software, slower than wasm; pass device: "webgpu" to use it'
    : undefined;
}
