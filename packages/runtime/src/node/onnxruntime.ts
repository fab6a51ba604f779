import { cpus } from 'node:os';
import { warnOnce } from '../folder/warn-once.js';
import type { Device } from '../sessions/device.js';
import { DeviceError } from '../sessions/device-error.js';
import type { OnnxRuntime, RuntimeOptions } from '../sessions/onnx-runtime.js';
import { atOnce, queueOf } from '../sessions/queue.js';
import { setUpWebBuild } from '../sessions/web-build.js';
import { acrossRealms } from './host-realm.js';
import { hostRequire } from './host-require.js';
import { cudaSessions } from './tf32.js';

/**
 * Loads ONNX Runtime at the first use, so that this package can be imported without it. Device `wasm` loads the web
 * build, which runs on every system with Node; the other devices load the native build.
 * @throws DeviceError if ONNX Runtime cannot be loaded or does not have the device. The message says what to do.
 */
export async function loadOnnxRuntime(device: Device, options: RuntimeOptions): Promise<OnnxRuntime> {
  return acrossRealms(device === 'wasm' ? loadWeb(options) : loadNative(device, options));
}

/** The reason why the native build could not be loaded at the last attempt. */
let nativeIsMissing: string | undefined;

function loadNative(
  device: Exclude<Device, 'wasm'>,
  { allowTf32 = false, threads }: RuntimeOptions,
): OnnxRuntime {
  const ort = requireNative(device);
  const names = ort.listSupportedBackends().map(({ name }) => name);
  if (!names.includes(device)) {
    throw new DeviceError(
      device,
      'unavailable',
      `device "${device}" is not available on ${process.platform} ${process.arch} ` +
        `(found: ${names.join(', ')}); pass device: "cpu"`,
    );
  }
  // Errors are thrown, so ONNX Runtime prints nothing on stderr unless the user has changed its log level.
  if (ort.env.logLevel === 'warning') ort.env.logLevel = 'fatal';
  return {
    name: `onnxruntime-node ${ort.env.versions.node}`,
    processor: device === 'cpu' ? cpuModel() : undefined,
    // Two sessions that run at once on one GPU device have crashed.
    inTurn: device === 'cpu' ? atOnce : queueOf(device),
    mapsFiles: true,
    threads,
    advice: device === 'cuda' ? installCuda : 'pass device: "cpu"',
    InferenceSession:
      device === 'cuda' ? cudaSessions(ort.InferenceSession, allowTf32) : ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}

function requireNative(device: Device): typeof import('onnxruntime-node') {
  try {
    return hostRequire('onnxruntime-node');
  } catch (cause) {
    nativeIsMissing = missing(cause);
    const message = `device "${device}" is not available here: ${nativeIsMissing}`;
    throw new DeviceError(device, 'unavailable', message, { cause });
  }
}

const installCuda =
  'pass device: "cpu", or install ONNX Runtime\'s CUDA provider (Linux x64 with CUDA 12 and cuDNN 9): ' +
  'npm rebuild onnxruntime-node --ignore-scripts=false ' +
  '(with npm 12 first: npm install-scripts approve onnxruntime-node)';

function missing(cause: unknown): string {
  const { message, code } = cause as NodeJS.ErrnoException;
  if (message.includes("'@glow-onnx/runtime/")) {
    return '@glow-onnx/runtime is in a bundle, and is not installed where the program runs; install it there too';
  }
  if (code === 'MODULE_NOT_FOUND' && !message.includes('onnxruntime_binding.node')) {
    return 'onnxruntime-node is not installed; install it with: npm install onnxruntime-node --ignore-scripts';
  }
  const here = `${process.platform} ${process.arch}`;
  return `onnxruntime-node has no binary that runs on ${here} (${message.split('\n')[0]}); pass device: "wasm"`;
}

function loadWeb(options: RuntimeOptions): OnnxRuntime {
  if (nativeIsMissing)
    warnOnce(`the model runs on WebAssembly, several times slower than native code: ${nativeIsMissing}`);
  const ort = hostRequire<typeof import('onnxruntime-web')>('onnxruntime-web');
  setUpWebBuild(ort.env, options);
  return {
    name: `onnxruntime-web ${ort.env.versions.web}`,
    processor: cpuModel(),
    inTurn: queueOf('wasm'),
    mapsFiles: false,
    advice: 'pass device: "cpu"',
    InferenceSession: ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}

function cpuModel(): string {
  return `${process.arch} ${cpus()[0]?.model}`;
}
