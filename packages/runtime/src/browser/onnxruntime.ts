import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';
import type { OnnxRuntime, RuntimeOptions } from '../sessions/onnx-runtime.js';
import { queueOf } from '../sessions/queue.js';
import { defaultWasmThreads, setUpWebBuild } from '../sessions/web-build.js';
import { failingWithGpu } from './lost-gpu.js';

/** A web build of ONNX Runtime. */
interface WebBuild {
  readonly name: Device;
  readonly load: () => Promise<typeof import('onnxruntime-web')>;
}

/** This build runs `wasm` too, but is twice the download. */
export const webgpuBuild: WebBuild = { name: 'webgpu', load: () => import('onnxruntime-web/webgpu') };
export const wasmBuild: WebBuild = { name: 'wasm', load: () => import('onnxruntime-web/wasm') };

/** The web build of ONNX Runtime for each device. */
export type WebBuilds = Partial<Readonly<Record<Device, WebBuild>>>;

/**
 * Loads the web build of ONNX Runtime for this device, at the first use.
 * @throws DeviceError if no build has the device, or if the browser gives no GPU for it.
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
  setUpWebBuild(ort.env, { ...options, threads: options.threads ?? defaultThreads() });
  const queue = queueOf(build.name);
  return {
    name: `onnxruntime-web ${ort.env.versions.web}`,
    processor: `${processor} ${navigator.userAgent}`,
    // A build is one instance of WebAssembly, which takes one call at a time on every device.
    inTurn: device === 'webgpu' ? failingWithGpu(queue, async () => ort.env.webgpu.device) : queue,
    advice:
      'serve its .wasm file with the page, and check that the content security policy allows ' +
      "'wasm-unsafe-eval'",
    InferenceSession: ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}

/** Threads need shared memory, which only a cross-origin isolated page has. */
export function defaultThreads(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return defaultWasmThreads(navigator.hardwareConcurrency || 1);
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

/** Why `auto` skips a device: a GPU emulated in software is slower than wasm. */
export async function objectionTo(device: Device): Promise<string | undefined> {
  if (device !== 'webgpu') return undefined;
  const adapter = await navigator.gpu?.requestAdapter();
  const info = adapter?.info as (GPUAdapterInfo & { readonly isFallbackAdapter?: boolean }) | undefined;
  const isSoftware = info?.isFallbackAdapter || info?.architecture === 'swiftshader';
  return isSoftware
    ? 'its GPU adapter is emulated in software, slower than wasm; pass device: "webgpu" to use it'
    : undefined;
}
