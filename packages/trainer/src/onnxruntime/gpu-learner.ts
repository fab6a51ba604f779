import { graph } from '@glow-onnx/graph';
import { type OpenSession, openSession } from '@glow-onnx/runtime/session';
import type { Differentiator, GpuDifferentiator, GpuTensors } from '../engine/differentiator.js';
import type { Learner } from '../engine/learner.js';
import type { Learned, OptimizerName } from '../engine/optimizer.js';
import { type ParameterLayout, tensorsOf } from '../engine/parameters.js';
import { encodeGraph } from './encode-graph.js';
import { explainUpdate } from './explain-failure.js';
import { prefixed, withoutPrefix } from './graph-names.js';
import { openTransfer, type Transfer } from './transfer.js';
import { scaleFeeds, updateGraph } from './update-graph.js';

/** `Learned` in the memory of a GPU. */
type GpuLearned = { readonly [Vector in keyof Learned]: GpuTensors };

/** The sessions that update vectors on a GPU and move them to and from it. */
interface GpuSessions {
  readonly update: OpenSession;
  readonly upload: Transfer;
  readonly download: Transfer;
  release(): Promise<void>;
}

/**
 * Keeps parameters, their average and moments in the memory of a GPU. In a step only the batch, bits/dim and the norm
 * of the gradient cross between GPU and host. Its `dispose` also disposes of the differentiator.
 * @throws Error if the GPU is out of memory or was lost.
 */
export async function openGpuLearner(
  layout: ParameterLayout,
  differentiator: Differentiator,
  gpu: GpuDifferentiator,
  initial: Learned,
  optimizer: OptimizerName,
): Promise<Learner> {
  const averaged = initial.average !== undefined;
  const sessions = await openSessions(layout, gpu, optimizer, averaged);
  const { update, upload, download } = sessions;
  let learned: GpuLearned | undefined;
  const current = (): GpuLearned => learned as GpuLearned;
  const replace = (next: GpuLearned | undefined): void => {
    if (learned) disposeAll(learned);
    learned = next;
  };
  const fetchVector = async (tensors: GpuTensors): Promise<Float32Array> => {
    const vector = new Float32Array(layout.size);
    const { outputs } = await explained(download.copy(tensors));
    for (const { name, from } of layout.places) vector.set(outputs[name].data, from);
    return vector;
  };
  const release = async (): Promise<void> => {
    replace(undefined);
    await sessions.release();
  };

  try {
    learned = await place(layout, upload, initial);
    await gpu.open();
  } catch (error) {
    await release();
    throw error;
  }
  return {
    description: `${differentiator.description}, parameters kept there`,
    initialise: differentiator.initialise,
    async gradient(batch) {
      const { gradient, ...scores } = await gpu.gradient(current().parameters, batch);
      return {
        ...scores,
        async update(scales) {
          const vectors = Object.entries(current()).map(([name, of]) => prefixed(`${name}/`, of));
          const inputs: GpuTensors = Object.assign(prefixed('gradient/', gradient), ...vectors);
          const { kept } = await explained(
            update.runKept({ ...inputs, ...scaleFeeds(optimizer, scales, averaged) }),
          );
          replace(learnedOf(kept, averaged));
        },
        dispose: () => disposeTensors(gradient),
      };
    },
    evaluate: (batch, dequantisation) =>
      gpu.evaluate(current().average ?? current().parameters, batch, dequantisation),
    async read() {
      const { parameters, average, m, v } = current();
      return {
        parameters: await fetchVector(parameters),
        ...(average && { average: await fetchVector(average) }),
        m: await fetchVector(m),
        v: await fetchVector(v),
      };
    },
    write: async (next) => replace(await place(layout, upload, next)),
    async dispose() {
      await release();
      await differentiator.dispose();
    },
  };
}

async function openSessions(
  layout: ParameterLayout,
  { runtime }: GpuDifferentiator,
  optimizer: OptimizerName,
  averaged: boolean,
): Promise<GpuSessions> {
  const opened: { release(): Promise<void> }[] = [];
  const noted = async <T extends { release(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const session = await explained(opening);
    opened.push(session);
    return session;
  };
  const release = async (): Promise<void> => {
    for (const session of opened) await session.release().catch(() => {}); // fails if the GPU was lost
  };
  const spec = updateGraph(optimizer, layout.places, averaged);
  const model = encodeGraph(graph(spec));
  const kept = Object.keys(spec.outputs);
  try {
    return {
      update: await noted(openSession({ ...runtime, model, device: 'webgpu', kept })),
      upload: await noted(openTransfer('gpu', layout.places, runtime)),
      download: await noted(openTransfer('host', layout.places, runtime)),
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Copies vectors to the GPU: all or, on an error, none. */
async function place(layout: ParameterLayout, upload: Transfer, learned: Learned): Promise<GpuLearned> {
  const placed: Record<string, GpuTensors> = {};
  try {
    for (const [name, vector] of Object.entries(learned)) {
      placed[name] = (await explained(upload.copy(tensorsOf(layout, vector)))).kept;
    }
    return placed as unknown as GpuLearned;
  } catch (error) {
    disposeAll(placed);
    throw error;
  }
}

/** The outputs of an update. */
function learnedOf(kept: GpuTensors, averaged: boolean): GpuLearned {
  const vector = (name: keyof Learned) => withoutPrefix(`next/${name}/`, kept);
  return {
    ...{ parameters: vector('parameters'), m: vector('m'), v: vector('v') },
    ...(averaged && { average: vector('average') }),
  };
}

function explained<T>(task: Promise<T>): Promise<T> {
  return task.catch((cause) => {
    throw explainUpdate(cause, 'webgpu');
  });
}

function disposeAll(learned: Readonly<Record<string, GpuTensors>> | GpuLearned): void {
  for (const tensors of Object.values(learned)) disposeTensors(tensors);
}

function disposeTensors(tensors: GpuTensors): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
