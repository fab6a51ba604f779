import { cpus } from 'node:os';
import { warnOnce } from '../folder/warn-once.js';
import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';
import type { OnnxRuntime, RuntimeOptions } from '../sessions/onnx-runtime.js';
import { atOnce, queueOf } from '../sessions/queue.js';
import { cudaSessions } from './tf32.js';

/**
 * Loads ONNX Runtime when first needed, so that importing this package never fails for want of it: its native
 * build, or for `wasm` its web build, which runs wherever Node does.
 * @throws DeviceError if it cannot be loaded or has no such device, saying what to do.
 */
export async function loadOnnxRuntime(device: Device, options: RuntimeOptions): Promise<OnnxRuntime> {
  return device === 'wasm' ? loadWeb(options) : loadNative(device, options);
}

/** Why the native build could not be loaded when it was last wanted. */
let nativeIsMissing: string | undefined;

async function loadNative(
  device: Exclude<Device, 'wasm'>,
  { allowTf32 = false, threads }: RuntimeOptions,
): Promise<OnnxRuntime> {
  const ort = await import('onnxruntime-node').catch((cause: unknown) => {
    nativeIsMissing = missing(cause);
    throw new DeviceError(
      device,
      'unavailable',
      `device "${device}" is not available here: ${nativeIsMissing}`,
      { cause },
    );
  });
  const names = ort.listSupportedBackends().map(({ name }) => name);
  if (!names.includes(device)) {
    throw new DeviceError(
      device,
      'unavailable',
      `device "${device}" is not available on ${process.platform} ${process.arch} ` +
        `(found: ${names.join(', ')}); pass device: "cpu"`,
    );
  }
  // Its own lines on stderr, but for those who asked for more: what goes wrong is thrown.
  if (ort.env.logLevel === 'warning') ort.env.logLevel = 'fatal';
  return {
    name: `onnxruntime-node ${ort.env.versions.node}`,
    processor: device === 'cpu' ? cpuModel() : undefined,
    // Two sessions on one GPU device have crashed.
    inTurn: device === 'cpu' ? atOnce : queueOf(device),
    threads,
    advice: device === 'cuda' ? installCuda : 'pass device: "cpu"',
    InferenceSession:
      device === 'cuda' ? cudaSessions(ort.InferenceSession, allowTf32) : ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}

const installCuda =
  'pass device: "cpu", or install ONNX Runtime\'s CUDA provider (Linux x64 with CUDA 12 and cuDNN 9): ' +
  'npm rebuild onnxruntime-node --ignore-scripts=false';

function missing(cause: unknown): string {
  const { message, code } = cause as NodeJS.ErrnoException;
  const notFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  if (notFound && !message.includes('onnxruntime_binding.node')) {
    return 'onnxruntime-node is not installed; install it with: npm install onnxruntime-node --ignore-scripts';
  }
  const here = `${process.platform} ${process.arch}`;
  return `onnxruntime-node has no binary that runs on ${here} (${message.split('\n')[0]}); pass device: "wasm"`;
}

async function loadWeb({ threads, wasmPaths }: RuntimeOptions): Promise<OnnxRuntime> {
  if (nativeIsMissing)
    warnOnce(`runs on WebAssembly, several times slower than natively: ${nativeIsMissing}`);
  const ort = await import('onnxruntime-web');
  ort.env.logLevel = 'fatal';
  if (threads !== undefined) ort.env.wasm.numThreads = threads;
  if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
  return {
    name: `onnxruntime-web ${ort.env.versions.web}`,
    processor: cpuModel(),
    inTurn: queueOf('wasm'),
    advice: 'pass device: "cpu"',
    InferenceSession: ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}

function cpuModel(): string {
  return `${process.arch} ${cpus()[0]?.model}`;
}
