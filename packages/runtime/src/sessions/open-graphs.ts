import type { Platform } from '../platform.js';
import { createSession, type GraphSource, type Session } from './create-session.js';
import type { Device, DeviceChoice } from './device.js';
import { onFirstDevice, type SkippedDevice } from './devices.js';
import type { OnnxRuntime, RuntimeOptions } from './onnx-runtime.js';
import { requireDevice } from './probe.js';
import { runSelfTest, type SelfTest, type SelfTestOutcome } from './self-test.js';

export interface ModelGraphs {
  readonly encode: GraphSource;
  readonly decode: GraphSource;
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
  encoder(): Promise<Pick<Session, 'run'>>;
  decoder(): Promise<Pick<Session, 'run'>>;
  /** Encodes x and decodes the latents, which never leave the GPU. Returns all other outputs of both graphs. */
  readonly roundTrip?: Session['run'] | undefined;
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
  const roundTrip: Session['run'] | undefined =
    keeper &&
    (async (inputs) => {
      const [encoder, decoder] = await Promise.all([keeper.get(), sessions.decode.get()]);
      return encoder.runInto(decoder, inputs);
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

/** A session that opens when it is first needed. It holds the graph's bytes only until then. */
function lazySession(runtime: OnnxRuntime, device: Device, graph: GraphSource, kept?: readonly string[]) {
  let source: GraphSource | undefined = graph;
  let opening: Promise<Session> | undefined;
  const open = async () => {
    if (!source) throw new Error('session: it is released; load the model again');
    const session = await createSession(runtime, device, source, kept);
    source = undefined;
    return session;
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
