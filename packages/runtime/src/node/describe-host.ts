import { availableParallelism } from 'node:os';
import type { Host } from '../platform.js';
import { canCompileWasm } from '../sessions/can-compile-wasm.js';
import type { Device } from '../sessions/device.js';

export async function describeHost(): Promise<Host> {
  const native = await import('onnxruntime-node').then(
    (ort) => ort.listSupportedBackends(),
    () => [], // `diagnose` tells why, device by device
  );
  const bundled = native.flatMap(({ name, bundled }) => (bundled ? (name as Device) : []));
  const cores = availableParallelism();
  return {
    host: `Node ${process.versions.node} on ${process.platform} ${process.arch}`,
    cores,
    bundled: [...bundled, 'wasm'],
    wasm: canCompileWasm(),
    threads: Math.min(4, Math.ceil(cores / 2)),
  };
}
