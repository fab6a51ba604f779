import type { InferenceSession } from 'onnxruntime-common';
import type { Device } from './device.js';
import type { OnnxRuntime } from './onnx-runtime.js';

/** What every session of this project is opened with; `folder` holds the external data of a graph given as bytes. */
export function sessionOptions(
  { threads }: OnnxRuntime,
  device: Device,
  folder?: string,
): InferenceSession.SessionOptions {
  const session = {
    set_denormal_as_zero: '1',
    // What the GPU has no kernel for would run on the CPU, unsaid; ONNX Runtime refuses this where the CPU is meant.
    ...((device === 'webgpu' || device === 'cuda') && { disable_cpu_ep_fallback: '1' }),
    ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
  };
  return {
    // Alone in the list: of several, an absent one is dropped with a mere warning.
    executionProviders: [device],
    extra: { session },
    logSeverityLevel: 4, // what goes wrong is thrown
    ...(threads !== undefined && { intraOpNumThreads: threads }),
  };
}
