import type { InferenceSession } from 'onnxruntime-common';
import { messageOf } from '../message-of.js';
import type { Device } from './device.js';
import { fromOutputs, type Inputs, type NamedTensors, toFeeds, writeInto } from './feeds.js';
import { createLifetime } from './lifetime.js';
import type { OnnxRuntime } from './onnx-runtime.js';
import { sessionOptions } from './session-options.js';
import type { DeviceTensor, FloatTensor } from './tensor.js';

export interface GraphSource {
  /** The graph's bytes, or in Node its path. ONNX Runtime finds the external data of a path beside it. */
  readonly model: Uint8Array | string;
  /** External data of a graph given as bytes. `path` is the location that is written in the graph. */
  readonly externalData?: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** In Node: the folder with the external data of a graph given as bytes. The data may have any size. */
  readonly folder?: string;
  /**
   * Whether runs after the first allocate their memory in one piece, planned by the first run. Default true. The piece
   * comes on top of the memory of the first run, so that `false` saves half of the memory of a large graph.
   */
  readonly memoryPattern?: boolean;
}

export interface Session {
  /** ONNX Runtime's own session, for uses that `run` does not cover. */
  readonly session: InferenceSession;
  readonly device: Device;
  /**
   * Runs the graph: inputs by name to outputs by name, all float32. Outputs may hold NaN: the caller checks.
   * @param into the outputs to compute, default all, and the memory to write them to, which is returned.
   * @example const { z0 } = await session.run({ x: { shape: [1, 3, 32, 32], data } });
   */
  run(inputs: NamedTensors, into?: NamedTensors): Promise<Record<string, FloatTensor>>;
  /** As `run`, with inputs and outputs on the GPU. The caller disposes of the outputs that stay there. */
  runKept(inputs: Inputs): Promise<KeptOutputs>;
  /**
   * Runs this graph, then `next` on those of the inputs and outputs that `next` takes. Outputs that were to stay on the
   * device never leave it. All other outputs are returned, with the outputs of `next`.
   */
  runInto(next: Session, inputs: NamedTensors): Promise<Record<string, FloatTensor>>;
  /** Frees the session, once runs under way have ended. Further calls do nothing. */
  release(): Promise<void>;
}

export interface KeptOutputs {
  readonly outputs: Record<string, FloatTensor>;
  readonly kept: Record<string, DeviceTensor>;
}

/**
 * Opens a graph on one device, which `requireDevice` has found to be available.
 *
 * Denormal numbers count as zero: otherwise small activations slow a deep model tenfold on a CPU. ONNX Runtime sets
 * this for the whole calling thread, so that JavaScript's own numbers below 2.2e-308 become zero there too.
 *
 * @param kept outputs to leave in the memory of a GPU, for `runInto` and `runKept`.
 * @throws Error if the graph cannot be opened on it.
 */
export async function createSession(
  runtime: OnnxRuntime,
  device: Device,
  source: GraphSource,
  kept: readonly string[] = [],
): Promise<Session> {
  const { inTurn } = runtime;
  const session = await openInTurn(runtime, device, source, kept);
  // A second release() of ONNX Runtime's throws, and one during a run ends it.
  const lifetime = createLifetime(() => inTurn(() => session.release()));
  const track = <T>(run: () => Promise<T>): Promise<T> =>
    lifetime.during(() => inTurn(run), 'session: it is released; open another');
  const start = (inputs: Inputs, into?: NamedTensors) => {
    const feeds = toFeeds(runtime, inputs);
    if (!into) return session.run(feeds, silent);
    // The cpu writes to the memory given; other devices return memory of their own.
    return session.run(feeds, device === 'cpu' ? toFeeds(runtime, into) : Object.keys(into), silent);
  };
  return {
    session,
    device,
    async run(inputs, into) {
      const found = await track(() => start(inputs, into));
      if (into && device === 'cpu') return { ...into }; // onnxruntime-node returns copies as well
      const outputs = fromOutputs(found);
      return into ? writeInto(into, outputs) : outputs;
    },
    async runKept(inputs) {
      const found = Object.entries(await track(() => start(inputs)));
      const kept = found.filter(([, { location }]) => location === 'gpu-buffer');
      const others = found.filter(([, { location }]) => location !== 'gpu-buffer');
      return {
        outputs: fromOutputs(Object.fromEntries(others)),
        kept: Object.fromEntries(
          kept.map(([name, tensor]) => [
            name,
            { shape: tensor.dims, tensor, dispose: () => tensor.dispose() },
          ]),
        ),
      };
    },
    runInto: (next, inputs) =>
      track(async () => {
        const outputs = await start(inputs);
        const entries = Object.entries(outputs);
        const onDevice = entries.filter(([, { location }]) => location === 'gpu-buffer');
        const others = entries.filter(([, { location }]) => location === 'cpu');
        try {
          const known = { ...toFeeds(runtime, inputs), ...outputs };
          const feeds = next.session.inputNames.map((name) => [name, known[name]]);
          const last = await next.session.run(Object.fromEntries(feeds), silent);
          return fromOutputs({ ...Object.fromEntries(others), ...last });
        } finally {
          for (const [, tensor] of onDevice) tensor.dispose();
        }
      }),
    release: lifetime.end,
  };
}

/** Apart, so that the closures of a session do not keep the bytes that it was opened from. */
function openInTurn(...args: Parameters<typeof open>): Promise<InferenceSession> {
  const [{ inTurn }] = args;
  return inTurn(() => open(...args));
}

async function open(
  runtime: OnnxRuntime,
  device: Device,
  { model, externalData, folder, memoryPattern }: GraphSource,
  kept: readonly string[],
): Promise<InferenceSession> {
  const onGpu = Object.fromEntries(kept.map((name) => [name, 'gpu-buffer' as const]));
  const options = {
    ...sessionOptions(runtime, device, folder),
    ...(externalData && { externalData }),
    ...(memoryPattern !== undefined && { enableMemPattern: memoryPattern }),
    ...(kept.length > 0 && { preferredOutputLocation: onGpu }),
  };
  try {
    return typeof model === 'string'
      ? await runtime.InferenceSession.create(model, options)
      : await runtime.InferenceSession.create(model, options);
  } catch (cause) {
    throw new Error(`session: the graph cannot be opened on ${device}: ${messageOf(cause)}`, { cause });
  }
}

/** The options of every run: errors are thrown, not logged. */
const silent: InferenceSession.RunOptions = { logSeverityLevel: 4 };
