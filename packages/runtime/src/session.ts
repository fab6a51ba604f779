import type { InferenceSession } from 'onnxruntime-common';
import { loadOnnxRuntime, type OnnxRuntime } from './onnxruntime-node.js';

/** Where a graph runs. `webgpu` and `cuda` are experimental in Node and never chosen by `auto`. */
export type Device = 'cpu' | 'webgpu' | 'cuda' | 'wasm';

/** A float32 tensor, row-major. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface SessionOptions {
  /** The graph's bytes, or its path; a path finds its external data beside it. */
  readonly model: Uint8Array | string;
  /** External data of a graph given as bytes; `path` is the location written in the graph. */
  readonly externalData?: readonly { readonly path: string; readonly data: Uint8Array }[];
  readonly device?: Device | 'auto';
}

export interface OpenSession {
  /** ONNX Runtime's own session, for what `run` does not cover. */
  readonly session: InferenceSession;
  readonly device: Device;
  /** Devices that `auto` passed over, and why. */
  readonly skipped: readonly { readonly device: Device; readonly reason: string }[];
  /** Runs the graph: inputs by name to outputs by name, all float32. NaN passes: callers check. */
  run(inputs: Readonly<Record<string, FloatTensor>>): Promise<Record<string, FloatTensor>>;
  /** Frees the session once runs under way have ended. Further calls do nothing. */
  release(): Promise<void>;
}

/**
 * Chooses a device and opens an ONNX Runtime session on it; the one place of this project that does.
 *
 * Denormal numbers count as zero: small activations otherwise slow a deep model tenfold on a CPU. ONNX Runtime
 * sets this for the whole calling thread, so JavaScript's own numbers below 2.2e-308 become zero there too.
 *
 * @throws Error if the device is not available, the graph cannot be opened, or onnxruntime-node is not installed.
 */
export async function openSession({ device = 'auto', ...source }: SessionOptions): Promise<OpenSession> {
  const runtime = await loadOnnxRuntime();
  const chosen = device === 'auto' ? 'cpu' : device;
  const session = await createSession(runtime, source, chosen);
  const running = new Set<Promise<unknown>>();
  let released: Promise<void> | undefined;
  return {
    session,
    device: chosen,
    skipped: device === 'auto' ? skippedDevices(runtime) : [],
    async run(inputs) {
      if (released) throw new Error('session: it is released; open another');
      const run = session.run(toFeeds(runtime, inputs));
      running.add(run);
      try {
        return fromOutputs(await run);
      } finally {
        running.delete(run);
      }
    },
    // A second release() of ONNX Runtime's throws, and one during a run ends it.
    release() {
      released ??= Promise.allSettled(running).then(() => session.release());
      return released;
    },
  };
}

async function createSession(
  runtime: OnnxRuntime,
  { model, externalData }: Omit<SessionOptions, 'device'>,
  device: Device,
): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
    // Alone in the list: of several, an absent one is dropped with a mere warning.
    executionProviders: [device],
    extra: { session: { set_denormal_as_zero: '1' } },
    ...(externalData && { externalData }),
  };
  // TF32 costs 1e-3 of accuracy, and onnxruntime-node has no option against it; read at the first CUDA call.
  if (device === 'cuda') process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  try {
    return typeof model === 'string'
      ? await runtime.InferenceSession.create(model, options)
      : await runtime.InferenceSession.create(model, options);
  } catch (cause) {
    if (device !== 'cpu') throw new Error(unavailable(runtime, device), { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`session: the graph cannot be opened: ${reason}`, { cause });
  }
}

function unavailable(runtime: OnnxRuntime, device: Device): string {
  const found = runtime.devices.filter(({ name, bundled }) => bundled && name !== device);
  return `device "${device}" is not available here (found: ${found.map(({ name }) => name).join(', ')}); pass device: "cpu".`;
}

function skippedDevices(runtime: OnnxRuntime): OpenSession['skipped'] {
  const bundled = new Set(runtime.devices.filter((found) => found.bundled).map(({ name }) => name));
  return (['cuda', 'webgpu'] as const).map((device) => ({
    device,
    reason: bundled.has(device)
      ? `experimental in Node; ask for it with device: "${device}"`
      : 'not bundled with onnxruntime-node',
  }));
}

function toFeeds(
  { Tensor }: OnnxRuntime,
  inputs: Readonly<Record<string, FloatTensor>>,
): InferenceSession.FeedsType {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]),
  );
}

function fromOutputs(outputs: InferenceSession.ReturnType): Record<string, FloatTensor> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => {
      if (!(data instanceof Float32Array)) throw new TypeError(`session: output ${name} is not float32`);
      return [name, { shape: [...dims], data }];
    }),
  );
}
