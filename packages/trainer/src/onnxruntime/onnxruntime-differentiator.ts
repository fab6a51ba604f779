import type { Float64Tensor, Glow, Named } from '@glow-onnx/flow';
import type { Device, FloatTensor, OpenSession, RuntimeOptions } from '@glow-onnx/runtime/session';
import type { Batch } from '../engine/batch.js';
import type { Differentiator } from '../engine/differentiator.js';
import { type Place, parameterLayout, tensorsOf } from '../engine/parameters.js';
import { scoresOf } from '../engine/scores.js';
import { createGpuDifferentiator } from './gpu-differentiator.js';
import { levelOutput } from './graph-names.js';
import { openGraphPool } from './graph-pool.js';
import type { Memory } from './memory.js';
import { createOrthogonaliser } from './orthogonalise.js';
import { evaluation, type GraphKind } from './training-graph.js';

export interface OnnxRuntimeOptions extends Pick<RuntimeOptions, 'threads' | 'wasmPaths'> {
  readonly device: Device | 'auto';
  /** Expected number of images at once. The graph for it opens now; graphs for other numbers open when needed. */
  readonly count: number;
  /** The kind of graph that opens now. Default `gradient`. */
  readonly first?: GraphKind;
  /** Default `full`. */
  readonly memory?: Memory;
}

/** A differentiator, with the device that it runs on and the devices that `auto` passed over. */
export type OnnxRuntimeDifferentiator = Differentiator & Pick<OpenSession, 'device' | 'skipped'>;

/**
 * Opens gradients by ONNX Runtime: log p(x) of the model is traced once as a graph with the parameters as inputs, and
 * that graph is differentiated. Each number of images has a graph of its own.
 * @param fixed the parameters that are not trained.
 * @throws DeviceError if the device is not available; Error, here or in a call, with advice, if the device is out of
 * memory, has no kernel for an operator, or was lost.
 */
export async function openOnnxRuntimeDifferentiator(
  glow: Glow,
  fixed: Named<Float64Tensor>,
  { device: wanted, count, first = 'gradient', memory = 'full', ...runtime }: OnnxRuntimeOptions,
): Promise<OnnxRuntimeDifferentiator> {
  const pool = await openGraphPool(glow, fixed, { device: wanted, count, first, memory, runtime });
  const { device, skipped } = pool;
  const turning = createOrthogonaliser({ ...runtime, device });
  const layout = parameterLayout(glow);
  const { places, size } = layout;
  let gradients: Float32Array | undefined;

  function runInto(
    kind: GraphKind,
    parameters: Float32Array,
    batch: Batch,
    outputs: Named<Float32Array>,
  ): Promise<unknown> {
    return pool.run(kind, tensorsOf(layout, parameters), batch, ({ session, shapes }, inputs) => {
      const into = Object.entries(outputs).map(([name, data]) => [name, { shape: shapes[name], data }]);
      return session.run(inputs as Named<FloatTensor>, Object.fromEntries(into));
    });
  }

  return {
    description: `ONNX Runtime on ${device}${memory === 'reversible' ? ', activations recomputed' : ''}`,
    device,
    skipped,
    async initialise(parameters, batch) {
      const values = new Float32Array(size);
      await runInto('initialise', parameters, batch, partsOf(values, places, 'initial/'));
      await pool.close('initialise', batch.count); // needed once
      return values;
    },
    async gradient(parameters, batch) {
      gradients ??= new Float32Array(size);
      const logProb = unwritten(batch.count);
      const levels = Array.from({ length: glow.config.levels }, () => unwritten(batch.count));
      await runInto('gradient', parameters, batch, {
        log_prob: logProb,
        ...Object.fromEntries(levels.map((level, l) => [levelOutput(l), level])),
        ...partsOf(gradients, places, 'gradient/'),
      });
      return { ...scoresOf(glow.config, logProb, levels), gradient: gradients };
    },
    async evaluate(parameters, batch, dequantisation) {
      const logProb = unwritten(batch.count);
      await runInto(evaluation[dequantisation], parameters, batch, { log_prob: logProb });
      return scoresOf(glow.config, logProb, []).bitsPerDim;
    },
    orthogonalise: turning.orthogonalise,
    async dispose() {
      await turning.dispose();
      await pool.dispose();
    },
    ...(device === 'webgpu' && { onGpu: createGpuDifferentiator(glow, pool, count, runtime) }),
  };
}

/** Memory for an output. If nothing is written to it, the step is not finite and is undone, and log p is not 0. */
const unwritten = (length: number) => new Float32Array(length).fill(Number.NaN);

/** The part of a flat vector for each parameter, as an output of a graph. */
function partsOf(
  vector: Float32Array,
  places: readonly Place[],
  prefix: string,
): Record<string, Float32Array> {
  return Object.fromEntries(places.map(({ name, from, to }) => [prefix + name, vector.subarray(from, to)]));
}
