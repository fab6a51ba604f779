import { DeviceError } from '../device-error.js';
import type { OnnxRuntime, RuntimeOptions } from '../platform.js';
import type { Device } from '../session.js';

/**
 * Loads the web build of ONNX Runtime that has this device, when first needed: WebGPU's has wasm too, but is
 * twice the download.
 * @throws DeviceError if there is none, or no GPU for it.
 */
export async function loadOnnxRuntime(device: Device, options: RuntimeOptions): Promise<OnnxRuntime> {
  if (device !== 'webgpu' && device !== 'wasm') {
    throw new DeviceError(
      device,
      'unavailable',
      `device "${device}" is not available in a browser; pass device: "webgpu" or "wasm"`,
    );
  }
  if (device === 'webgpu') await requireAdapter();
  const ort = await (device === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'));
  const { threads = defaultThreads(), wasmPaths } = options;
  ort.env.logLevel = 'fatal';
  ort.env.wasm.numThreads = threads;
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  return {
    name: `onnxruntime-web ${ort.env.versions.web}`,
    advice:
      'see that its .wasm file is served with the page and that the content security policy allows ' +
      "'wasm-unsafe-eval'",
    InferenceSession: ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}

/** Threads share memory, which only a cross-origin isolated page may; beyond four, little is gained. */
function defaultThreads(): number {
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
