import type { CheckedGraph } from '../graphs/check-graph.js';
import { checkOutputs } from '../graphs/check-outputs.js';
import type { GraphKind, Signature } from '../graphs/signature.js';
import type { Platform } from '../platform.js';
import { createSession, type GraphSource, type Session } from './create-session.js';
import type { Device, DeviceChoice } from './device.js';
import { onFirstDevice, type SkippedDevice } from './devices.js';
import type { NamedTensors } from './feeds.js';
import type { OnnxRuntime, RuntimeOptions } from './onnx-runtime.js';
import { requireDevice } from './probe.js';
import { runSelfTest, type SelfTest, type SelfTestOutcome } from './self-test.js';
import type { FloatTensor } from './tensor.js';

/** A graph that `checkGraph` has passed. */
export interface ModelGraph extends CheckedGraph {
  readonly source: GraphSource;
}

export type ModelGraphs = Readonly<Record<GraphKind, ModelGraph>>;

/** Runs a graph, inputs by name to outputs by name. @throws Error if the outputs are not those of the signature. */
export interface GraphRunner {
  run(inputs: NamedTensors): Promise<Record<string, FloatTensor>>;
}

export interface OpenGraphsOptions extends RuntimeOptions {
  readonly device: DeviceChoice;
  /** Default: no self-test; a device only has to be available. */
  readonly selfTest?: SelfTest | undefined;
  /** Names of the latents, for `roundTrip` on WebGPU. The encode graph is then opened a second time. */
  readonly keepLatents?: readonly string[] | undefined;
}

/** A model's two graphs on the chosen device. Each session opens once, when it is first needed. */
export interface OpenGraphs {
  readonly device: Device;
  readonly skipped: readonly SkippedDevice[];
  readonly selfTest: SelfTestOutcome;
  /** @throws Error if the graph cannot be opened; the next call tries again. */
  encoder(): Promise<GraphRunner>;
  decoder(): Promise<GraphRunner>;
  /** Encodes x and decodes the latents, which never leave the GPU. Returns all other outputs of both graphs. */
  readonly roundTrip?: GraphRunner['run'] | undefined;
  /** Frees the opened sessions, once runs under way have ended. */
  release(): Promise<void>;
}

/** @throws DeviceError if no requested device is available and passes the self-test. */
export async function openGraphs(
  platform: Platform,
  graphs: ModelGraphs,
  { device: choice, selfTest, keepLatents, ...options }: OpenGraphsOptions,
): Promise<OpenGraphs> {
  const { opened, skipped } = await onFirstDevice(platform, choice, async (device) => {
    const runtime = await requireDevice(platform, device, options);
    return openOn(runtime, device, graphs, {
      selfTest,
      keepLatents: device === 'webgpu' ? keepLatents : undefined,
    });
  });
  return { ...opened, skipped };
}

async function openOn(
  runtime: OnnxRuntime,
  device: Device,
  graphs: ModelGraphs,
  { selfTest: test, keepLatents }: Pick<OpenGraphsOptions, 'selfTest' | 'keepLatents'>,
): Promise<Omit<OpenGraphs, 'skipped'>> {
  const sessions = {
    encode: lazySession(runtime, device, graphs.encode),
    decode: lazySession(runtime, device, graphs.decode),
    ...(keepLatents && { keeper: lazySession(runtime, device, graphs.encode, keepLatents) }),
  };
  const release = async () => {
    await Promise.all(Object.values(sessions).map((session) => session.release()));
  };
  const { keeper } = sessions;
  const roundTrip: GraphRunner['run'] | undefined =
    keeper &&
    (async (inputs) => {
      const [encoder, decoder] = await Promise.all([keeper.get(), sessions.decode.get()]);
      return checkOutputs(bothWays(graphs), inputs, await encoder.runInto(decoder, inputs));
    });
  const run: Parameters<typeof runSelfTest>[1]['run'] = async (graph, inputs) => {
    const session = await sessions[graph].get();
    return Promise.all(inputs.map((input) => session.run(input)));
  };
  try {
    const selfTest = test ? await runSelfTest(test, { device, runtime, run }) : 'none';
    const { encode, decode } = sessions;
    return { device, selfTest, encoder: encode.get, decoder: decode.get, roundTrip, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Encode then decode, without the latents in between. */
function bothWays({ encode, decode }: ModelGraphs): Signature {
  const left = Object.entries(encode.signature.outputs).filter(
    ([name]) => !(name in decode.signature.inputs),
  );
  return {
    inputs: encode.signature.inputs,
    outputs: { ...Object.fromEntries(left), ...decode.signature.outputs },
  };
}

/** A session that opens when it is first needed. It holds the graph's bytes only until then. */
function lazySession(
  runtime: OnnxRuntime,
  device: Device,
  { source: graph, signature }: ModelGraph,
  kept?: readonly string[],
) {
  let source: GraphSource | undefined = graph;
  let opening: Promise<Session> | undefined;
  const open = async () => {
    if (!source) throw new Error('session: it is released; load the model again');
    const session = await createSession(runtime, device, source, kept);
    source = undefined;
    return {
      ...session,
      run: async (inputs: NamedTensors) => checkOutputs(signature, inputs, await session.run(inputs)),
    };
  };
  return {
    get(): Promise<Session> {
      opening ??= open().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    async release(): Promise<void> {
      const session = await opening?.catch(() => undefined);
      source = undefined;
      await session?.release();
    },
  };
}
