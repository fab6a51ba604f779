import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';

/** What this package uses of ONNX Runtime; the Node and the web builds both offer it. */
export interface OnnxRuntime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly devices: readonly { readonly name: string; readonly bundled: boolean }[];
}

/**
 * Loads onnxruntime-node when first needed, so that importing this package never fails for want of it.
 * @throws Error saying how to install it.
 */
export async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  try {
    const ort = await import('onnxruntime-node');
    return {
      InferenceSession: ort.InferenceSession,
      Tensor: ort.Tensor,
      devices: ort.listSupportedBackends(),
    };
  } catch (cause) {
    throw new Error(
      'session: onnxruntime-node cannot be loaded; install it with: ' +
        'npm install onnxruntime-node --onnxruntime-node-install=skip',
      { cause },
    );
  }
}

export type { InferenceSession };
