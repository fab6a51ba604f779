import type { Glow } from '@glow-onnx/flow';
import type { RuntimeOptions } from '@glow-onnx/runtime/session';
import type { GpuDifferentiator } from '../engine/differentiator.js';
import { scoresOf } from '../engine/scores.js';
import { levelOutput, withoutPrefix } from './graph-names.js';
import type { GraphPool } from './graph-pool.js';
import { evaluation } from './training-graph.js';

/** Gradients of parameters in the memory of the GPU, which stay there too, by the graphs of a pool on WebGPU. */
export function createGpuDifferentiator(
  { config }: Glow,
  pool: GraphPool,
  count: number,
  runtime: Pick<RuntimeOptions, 'threads' | 'wasmPaths'>,
): GpuDifferentiator {
  return {
    runtime,
    async open() {
      await pool.open('gpu gradient', count);
      await pool.close('gradient', count); // not before: with its last session, WebGPU loses its device
    },
    async gradient(parameters, batch) {
      const { outputs, kept } = await pool.run('gpu gradient', parameters, batch, ({ session }, inputs) =>
        session.runKept(inputs),
      );
      const levels = Array.from({ length: config.levels }, (_, l) => outputs[levelOutput(l)].data);
      return {
        ...scoresOf(config, outputs.log_prob.data, levels),
        norm: Math.sqrt(outputs.squares.data[0]),
        gradient: withoutPrefix('gradient/', kept),
      };
    },
    async evaluate(parameters, batch, dequantisation) {
      const { outputs } = await pool.run(
        evaluation[dequantisation],
        parameters,
        batch,
        ({ session }, inputs) => session.runKept(inputs),
      );
      return scoresOf(config, outputs.log_prob.data, []).bitsPerDim;
    },
  };
}
