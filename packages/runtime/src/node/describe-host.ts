import { availableParallelism } from 'node:os';
import type { Host } from '../platform.js';
import { canCompileWasm } from '../sessions/can-compile-wasm.js';
import type { Device } from '../sessions/device.js';
import { defaultWasmThreads } from '../sessions/web-build.js';
import { hostRequire } from './host-require.js';

/** Describes Node, its system and the devices of the installed ONNX Runtime. */
export async function describeHost(): Promise<Host> {
  const cores = availableParallelism();
  return {
    host: `Node ${process.versions.node} on ${process.platform} ${process.arch}`,
    cores,
    bundled: [...nativeDevices(), 'wasm'],
    wasm: canCompileWasm(),
    threads: defaultWasmThreads(cores),
  };
}

/** Empty if the native build cannot be loaded; `diagnose` gives the reason for each device. */
function nativeDevices(): Device[] {
  try {
    const native = hostRequire<typeof import('onnxruntime-node')>('onnxruntime-node').listSupportedBackends();
    return native.flatMap(({ name, bundled }) => (bundled ? (name as Device) : []));
  } catch {
    return [];
  }
}
