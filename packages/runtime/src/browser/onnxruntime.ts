import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';
import type { OnnxRuntime, RuntimeOptions } from '../sessions/onnx-runtime.js';
import { queueOf } from '../sessions/queue.js';
import { defaultWasmThreads, setUpWebBuild } from '../sessions/web-build.js';
import { failingWithGpu } from './lost-gpu.js';

/** A web build of ONNX Runtime. */
interface WebBuild {
  readonly name: Device;
  /** Its binary. */
  readonly wasm: string;
  readonly load: () => Promise<typeof import('onnxruntime-web')>;
}

/** This build runs `wasm` too, but is twice the download. */
export const webgpuBuild: WebBuild = {
  name: 'webgpu',
  wasm: 'ort-wasm-simd-threaded.asyncify.wasm',
  load: () => import('onnxruntime-web/webgpu'),
};
export const wasmBuild: WebBuild = {
  name: 'wasm',
  wasm: 'ort-wasm-simd-threaded.wasm',
  load: () => import('onnxruntime-web/wasm'),
};

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
  const threads = options.threads ?? defaultThreads();
  setUpWebBuild(ort.env, { ...options, threads, ...pathsOf(build, threads, options) });
  const queue = queueOf(build.name);
  return {
    name: `onnxruntime-web ${ort.env.versions.web}`,
    processor: `${processor} ${navigator.userAgent}`,
    // A build is one instance of WebAssembly, which takes one call at a time on every device.
    inTurn: device === 'webgpu' ? failingWithGpu(queue, async () => ort.env.webgpu.device) : queue,
    mapsFiles: false,
    advice:
      `serve the .wasm file of onnxruntime-web ${ort.env.versions.web} with the page, and check that the content security policy allows ` +
      "'wasm-unsafe-eval'; if this script comes from another origin, pass wasmPaths, where the .wasm file is",
    InferenceSession: ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}

/**
 * ONNX Runtime takes a folder to mean that its `.mjs` file is there too. On one thread it needs only the binary, for the
 * code of the `.mjs` file is also in the build.
 */
function pathsOf({ wasm }: WebBuild, threads: number, { wasmPaths }: RuntimeOptions): RuntimeOptions {
  if (typeof wasmPaths !== 'string' || threads > 1) return {};
  const folder = wasmPaths.endsWith('/') ? wasmPaths : `${wasmPaths}/`;
  const base = globalThis.document?.baseURI ?? globalThis.location.href;
  return { wasmPaths: { wasm: new URL(folder + wasm, base).href } };
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
