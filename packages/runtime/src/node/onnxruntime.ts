import type { OnnxRuntime } from '../platform.js';
import type { Device } from '../session.js';

/**
 * Loads onnxruntime-node when first needed, so that importing this package never fails for want of it.
 * @throws Error saying how to install it, or that it has no such device.
 */
export async function loadOnnxRuntime(device: Device): Promise<OnnxRuntime> {
  const ort = await import('onnxruntime-node').catch((cause: unknown) => {
    throw new Error(
      'session: onnxruntime-node cannot be loaded; install it with: npm install onnxruntime-node',
      { cause },
    );
  });
  const found = ort.listSupportedBackends().filter(({ bundled }) => bundled);
  if (!found.some(({ name }) => name === device)) {
    const names = found.map(({ name }) => name).join(', ');
    throw new Error(`device "${device}" is not available here (found: ${names}); pass device: "cpu".`);
  }
  // TF32 costs 1e-3 of accuracy, and onnxruntime-node has no option against it; read at the first CUDA call.
  if (device === 'cuda') process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  return {
    name: `onnxruntime-node ${ort.env.versions.node}`,
    InferenceSession: ort.InferenceSession,
    Tensor: ort.Tensor,
  };
}
