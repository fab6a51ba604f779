import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import { graph } from '@glow-onnx/graph';
import { oneHot } from '@glow-onnx/runtime/internal';
import {
  type Device,
  type DeviceTensor,
  type FloatTensor,
  type OpenSession,
  openSession,
  type RuntimeOptions,
} from '@glow-onnx/runtime/session';
import { type Batch, takeApart } from '../engine/batch.js';
import { parameterLayout } from '../engine/parameters.js';
import { encodeGraph } from './encode-graph.js';
import { explainOpening, explainRun } from './explain-failure.js';
import { computeHostValues } from './host-values.js';
import type { Memory } from './memory.js';
import { type GraphKind, type TrainingGraph, trainingGraph, usesDequantiser } from './training-graph.js';
import { openTransfer, type Transfer } from './transfer.js';

export interface GraphPoolOptions {
  readonly device: Device | 'auto';
  /** Expected number of images at once. The graph for it opens first; graphs for other numbers open when needed. */
  readonly count: number;
  /** The kind of graph that opens first. */
  readonly first: GraphKind;
  readonly memory: Memory;
  readonly runtime: Pick<RuntimeOptions, 'threads' | 'wasmPaths'>;
}

/** A graph that is open. */
export interface OpenGraph extends Pick<TrainingGraph, 'host'> {
  readonly session: OpenSession;
  /** Shapes of the outputs by name. */
  readonly shapes: Named<readonly number[]>;
}

type Tensors = Readonly<Record<string, FloatTensor | DeviceTensor>>;

/** The open graphs of a model: one for each kind and number of images. */
export interface GraphPool extends Pick<OpenSession, 'device' | 'skipped'> {
  /** Opens a graph if it is not open. */
  open(kind: GraphKind, count: number): Promise<OpenGraph>;
  close(kind: GraphKind, count: number): Promise<void>;
  /** Calls `compute` with the graph for a batch and its inputs. */
  run<T>(
    kind: GraphKind,
    parameters: Tensors,
    batch: Batch,
    compute: (graph: OpenGraph, inputs: Tensors) => Promise<T>,
  ): Promise<T>;
  dispose(): Promise<void>;
}

/**
 * Opens the graph `first` for `count` images, which also chooses the device.
 * @throws DeviceError if the device is not available; Error if the device is out of memory or has no kernel.
 */
export async function openGraphPool(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  { device: wanted, count: expected, first: kind, memory, runtime }: GraphPoolOptions,
): Promise<GraphPool> {
  const { places } = parameterLayout(glow);
  const { channels, height, width, classes, bits } = glow.config;

  async function openGraph(kind: GraphKind, count: number, on: Device | 'auto'): Promise<OpenGraph> {
    const { spec, host } = trainingGraph(glow, fixed, places, { kind, count, memory });
    const built = graph(spec);
    const model = encodeGraph(built);
    const kept = kind === 'gpu gradient' ? places.map(({ name }) => `gradient/${name}`) : [];
    try {
      const session = await openSession({ ...runtime, model, device: on, kept, memoryPattern: false });
      const shapes = Object.entries(spec.outputs).map(([name, { shape }]) => [name, shape]);
      return { session, host, shapes: Object.fromEntries(shapes) };
    } catch (cause) {
      throw await explainOpening(cause, built, { kind, device: on, count, memory });
    }
  }
  const first = await openGraph(kind, expected, wanted);
  const { device, skipped } = first.session;
  const graphs = new Map([[`${kind} ${expected}`, Promise.resolve(first)]]);

  async function release(key: string): Promise<void> {
    const opened = await graphs.get(key)?.catch(() => undefined);
    graphs.delete(key);
    await opened?.session.release().catch(() => {}); // fails if the GPU was lost: nothing is left to free
  }

  let transfer: Promise<Transfer> | undefined;
  /** The parameters that host values are computed from. From a GPU, only these are copied. */
  async function onHost(parameters: Tensors): Promise<Named<FloatTensor>> {
    if (Object.values(parameters).every((value): value is FloatTensor => 'data' in value)) {
      return parameters as Named<FloatTensor>;
    }
    const needed = new Set(first.host.flatMap(({ needs }) => needs));
    const copied = places.filter(({ name }) => needed.has(name));
    transfer ??= openTransfer('host', copied, runtime).catch((error) => {
      transfer = undefined;
      throw error;
    });
    return (await (await transfer).copy(parameters)).outputs;
  }

  const open = (kind: GraphKind, count: number): Promise<OpenGraph> => {
    const key = `${kind} ${count}`;
    const opened = graphs.get(key) ?? openGraph(kind, count, device);
    graphs.set(key, opened);
    return opened;
  };
  return {
    device,
    skipped,
    open,
    close: (kind, count) => release(`${kind} ${count}`),
    async run(kind, parameters, batch, compute) {
      const { count, x, classes: labels } = batch;
      const opened = await open(kind, count);
      const inputs: Record<string, FloatTensor | DeviceTensor> = { ...parameters };
      const images = usesDequantiser(glow, kind) ? takeApart(x, bits) : { x };
      for (const [name, data] of Object.entries(images)) {
        inputs[name] = { shape: [count, height, width, channels], data };
      }
      if (classes > 0 && labels) {
        inputs.label = { shape: [count, classes], data: oneHot(labels, classes) };
      }
      try {
        if (opened.host.length > 0) {
          Object.assign(inputs, computeHostValues(opened.host, await onHost(parameters)));
        }
        return await compute(opened, inputs);
      } catch (cause) {
        throw explainRun(cause, { kind, device, count, memory });
      }
    },
    async dispose() {
      await (await transfer?.catch(() => undefined))?.release().catch(() => {});
      for (const key of [...graphs.keys()]) await release(key);
    },
  };
}
