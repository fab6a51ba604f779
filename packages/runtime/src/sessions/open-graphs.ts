import type { CheckedGraph } from '../graphs/check-graph.js';
import { createOutputCheck } from '../graphs/check-outputs.js';
import type { DerivedKind, GraphKind, Signature } from '../graphs/signature.js';
import { once } from '../once.js';
import type { Platform } from '../platform.js';
import { createSession, type GraphSource, type Session } from './create-session.js';
import type { Device, DeviceChoice } from './device.js';
import { onFirstDevice, type SkippedDevice } from './devices.js';
import type { NamedTensors } from './feeds.js';
import type { OnnxRuntime, RuntimeOptions } from './onnx-runtime.js';
import { requireDevice } from './probe.js';
import type { SelfTest, SelfTestOutcome, SelfTestRun } from './self-test.js';
import type { FloatTensor } from './tensor.js';

/** A graph that `checkGraph` has passed. */
export interface ModelGraph extends CheckedGraph {
  readonly source: GraphSource & { readonly model: Uint8Array };
  /** Awaited once the graph is open, and before it runs. @throws Error if it is not the graph that was checked. */
  readonly confirm?: (() => Promise<void>) | undefined;
}

export type ModelGraphs = Readonly<Record<GraphKind, ModelGraph>>;

/** Runs a graph, inputs by name to outputs by name. @throws Error if the outputs are not those of the signature. */
export interface GraphRunner {
  run(inputs: NamedTensors): Promise<Record<string, FloatTensor>>;
}

/** A graph with its derivative. */
export interface GradientRunner extends GraphRunner {
  /** Bytes of the values that live at once in a run, for each pixel. */
  readonly bytesPerPixel: number;
}

/** How more graphs are made of a model's two graphs. */
export interface Derivatives {
  /** The graph of a kind, built from the model's folder. */
  derive(kind: DerivedKind): Promise<ModelGraph>;
  /** @throws DeviceError if the derivative of a graph differs from differences of the graph. */
  check(kind: GraphKind, device: Device, runs: DerivativeRuns): Promise<void>;
}

/** How the two graphs run, and one of them with its derivative. */
export type DerivativeRuns = Readonly<Record<GraphKind | 'gradient', GraphRunner['run']>>;

export interface OpenGraphsOptions extends RuntimeOptions {
  readonly device: DeviceChoice;
  /** Default: no self-test; a device only has to be available. */
  readonly selfTest?: SelfTest | undefined;
  /** Names of the latents, for `roundTrip` on WebGPU. The encode graph is then opened a second time. */
  readonly keepLatents?: readonly string[] | undefined;
  /** Default: `gradient`, `surprise` and `features` are errors. */
  readonly derivatives?: Derivatives | undefined;
}

/** A model's two graphs on the chosen device. Each session opens once, when it is first needed. */
export interface OpenGraphs {
  readonly device: Device;
  readonly skipped: readonly SkippedDevice[];
  readonly selfTest: SelfTestOutcome;
  /** @throws Error if the graph cannot be opened; the next call tries again. */
  encoder(): Promise<GraphRunner>;
  decoder(): Promise<GraphRunner>;
  /**
   * A graph with its derivative. It is built, opened and compared with finite differences when it is first needed.
   * @throws DeviceError if the device computes it wrongly.
   */
  gradient(kind: GraphKind): Promise<GradientRunner>;
  /** The encode graph with its terms in place. It is built and opened when it is first needed. */
  surprise(): Promise<GraphRunner>;
  /** The encode graph with its activations. It is built and opened when it is first needed. */
  features(): Promise<GradientRunner>;
  /** Encodes x and decodes the latents, which never leave the GPU. Returns all other outputs of both graphs. */
  readonly roundTrip?: GraphRunner['run'] | undefined;
  /** Frees the opened sessions, once runs under way have ended. */
  release(): Promise<void>;
}

/**
 * @param graphsFor gives the graphs for the ONNX Runtime of a device that is available.
 * @throws DeviceError if no requested device is available and passes the self-test.
 */
export async function openGraphs(
  platform: Platform,
  graphsFor: (runtime: OnnxRuntime) => Promise<ModelGraphs>,
  { device: choice, selfTest, keepLatents, derivatives, ...options }: OpenGraphsOptions,
): Promise<OpenGraphs> {
  const { opened, skipped } = await onFirstDevice(platform, choice, async (device) => {
    const runtime = await requireDevice(platform, device, options);
    return openOn(runtime, device, await graphsFor(runtime), {
      selfTest,
      keepLatents: device === 'webgpu' ? keepLatents : undefined,
      derivatives,
    });
  });
  return { ...opened, skipped };
}

async function openOn(
  runtime: OnnxRuntime,
  device: Device,
  graphs: ModelGraphs,
  {
    selfTest: test,
    keepLatents,
    derivatives,
  }: Pick<OpenGraphsOptions, 'selfTest' | 'keepLatents' | 'derivatives'>,
): Promise<Omit<OpenGraphs, 'skipped'>> {
  const sessions = {
    encode: lazySession(runtime, device, graphs.encode),
    decode: lazySession(runtime, device, graphs.decode),
    ...(keepLatents && { keeper: lazySession(runtime, device, graphs.encode, keepLatents) }),
  };
  const gradients = {
    encode: openGradient('encode', runtime, device, sessions, derivatives),
    decode: openGradient('decode', runtime, device, sessions, derivatives),
  };
  const surprise = lazySession(runtime, device, deriving('encode-surprise', derivatives));
  const features = lazySession(runtime, device, deriving('encode-features', derivatives));
  const release = async () => {
    const opened = [...Object.values(sessions), ...Object.values(gradients), surprise, features];
    await Promise.all(opened.map((session) => session.release()));
  };
  const { keeper } = sessions;
  // Outside of the closure, which would keep the weights alive.
  const check = keeper && createOutputCheck(bothWays(graphs));
  const roundTrip: GraphRunner['run'] | undefined =
    check &&
    (async (inputs) => {
      const [encoder, decoder] = await Promise.all([keeper.get(), sessions.decode.get()]);
      return check(inputs, await encoder.runInto(decoder, inputs));
    });
  const run: SelfTestRun['run'] = async (graph, inputs) => {
    const session = await sessions[graph].get();
    return Promise.all(inputs.map((input) => session.run(input)));
  };
  try {
    const selfTest = test
      ? await (await import('./self-test.js')).runSelfTest(test, { device, runtime, run })
      : 'none';
    await graphs.encode.confirm?.();
    await graphs.decode.confirm?.();
    const { encode, decode } = sessions;
    const gradient = (kind: GraphKind) => gradients[kind].get();
    return {
      ...{ device, selfTest, encoder: encode.get, decoder: decode.get },
      ...{ gradient, surprise: surprise.get, features: features.get, roundTrip, release },
    };
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

/** A graph with its derivative, which is compared with differences of the graph without it before it is used. */
function openGradient(
  kind: GraphKind,
  runtime: OnnxRuntime,
  device: Device,
  { encode, decode }: Readonly<Record<GraphKind, LazySession>>,
  derivatives: Derivatives | undefined,
) {
  const session = lazySession(runtime, device, deriving(`${kind}-gradient`, derivatives));
  const check = async (): Promise<GradientRunner> => {
    const [runner, encoder, decoder] = await Promise.all([session.get(), encode.get(), decode.get()]);
    await derivatives?.check(kind, device, {
      encode: encoder.run,
      decode: decoder.run,
      gradient: runner.run,
    });
    return runner;
  };
  return { get: once(check), release: session.release };
}

function deriving(kind: DerivedKind, derivatives: Derivatives | undefined) {
  return async () => {
    if (!derivatives) throw new Error('session: the graphs were opened without derivatives');
    return derivatives.derive(kind);
  };
}

type LazySession = ReturnType<typeof lazySession>;

/** A session that opens when it is first needed. It holds the graph's bytes only until then. */
function lazySession(
  runtime: OnnxRuntime,
  device: Device,
  graph: ModelGraph | (() => Promise<ModelGraph>),
  kept?: readonly string[],
) {
  let take: (() => Promise<ModelGraph>) | undefined = typeof graph === 'function' ? graph : giving(graph);
  let opening: Promise<Pick<Session, 'release'>> | undefined;
  const open = async () => {
    if (!take) throw new Error('session: it is released; load the model again');
    const { source, signature, bytesPerPixel, confirm } = await take();
    const opened = createSession(runtime, device, source, kept);
    // Of a file that has changed, its error says more than the one of the session.
    const confirmed = opened.then(confirm, confirm);
    const session = await confirmed.then(
      () => opened,
      async (error) => {
        await opened.then(({ release }) => release()).catch(() => undefined);
        throw error;
      },
    );
    take = undefined;
    const check = createOutputCheck(signature);
    const run = async (inputs: NamedTensors) => check(inputs, await session.run(inputs));
    return { ...session, bytesPerPixel, run };
  };
  return {
    get: once(() => {
      const session = open();
      opening = session;
      return session;
    }),
    async release(): Promise<void> {
      const session = await opening?.catch(() => undefined);
      take = undefined;
      await session?.release();
    },
  };
}

/** Apart, so that no session keeps the graph of another closure alive. */
function giving(graph: ModelGraph): () => Promise<ModelGraph> {
  return async () => graph;
}
