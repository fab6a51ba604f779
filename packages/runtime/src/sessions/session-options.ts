import type { InferenceSession } from 'onnxruntime-common';
import type { Device } from './device.js';
import type { OnnxRuntime } from './onnx-runtime.js';

/**
 * The options of every session of this project.
 * @param folder holds the external data of a graph given as bytes.
 */
export function sessionOptions(
  { threads }: OnnxRuntime,
  device: Device,
  folder?: string,
): InferenceSession.SessionOptions {
  const session = {
    set_denormal_as_zero: '1',
    // Without it, operations for which the GPU has no kernel run on the CPU without notice. ONNX Runtime refuses the
    // option for the CPU itself.
    ...((device === 'webgpu' || device === 'cuda') && { disable_cpu_ep_fallback: '1' }),
    ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
  };
  return {
    // Only one: if there are several, ONNX Runtime drops one that is missing, with only a warning.
    executionProviders: [device],
    extra: { session },
    logSeverityLevel: 4, // errors are thrown
    ...(threads !== undefined && { intraOpNumThreads: threads }),
  };
}
