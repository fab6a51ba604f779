import { availableParallelism } from 'node:os';
import type { Host } from '../platform.js';
import { canCompileWasm } from '../sessions/can-compile-wasm.js';
import type { Device } from '../sessions/device.js';
import { defaultWasmThreads } from '../sessions/web-build.js';

/** Describes Node, its system and the devices of the installed ONNX Runtime. */
export async function describeHost(): Promise<Host> {
  const native = await import('onnxruntime-node').then(
    (ort) => ort.listSupportedBackends(),
    () => [], // `diagnose` gives the reason for each device
  );
  const bundled = native.flatMap(({ name, bundled }) => (bundled ? (name as Device) : []));
  const cores = availableParallelism();
  return {
    host: `Node ${process.versions.node} on ${process.platform} ${process.arch}`,
    cores,
    bundled: [...bundled, 'wasm'],
    wasm: canCompileWasm(),
    threads: defaultWasmThreads(cores),
  };
}
