import type { OnnxRuntime } from '../platform.js';
import type { Device } from '../session.js';

/**
 * Loads the web build of ONNX Runtime that has this device, when first needed: WebGPU's has wasm too, but is
 * twice the download.
 * @throws Error if no web build has the device.
 */
export async function loadOnnxRuntime(device: Device): Promise<OnnxRuntime> {
  if (device !== 'webgpu' && device !== 'wasm') {
    throw new Error(`device "${device}" is not available in a browser; pass "webgpu" or "wasm".`);
  }
  const ort = await (device === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'));
  return {
    name: `onnxruntime-web ${ort.env.versions.web}`,
    InferenceSession: ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}
