import {
  createGlow,
  decode,
  encode,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  type GlowConfig,
  inverseWeights,
  type Manifest,
  type Named,
  parseManifest,
  tensor,
} from '@glow-onnx/flow';
import { encodeManifest } from '@glow-onnx/flow/internal';
import type { OpenSession } from '@glow-onnx/runtime/session';
import { createMemoryBudget, type MemoryBudget } from '../../packages/runtime/src/model/memory-budget.js';
import { randomParams } from './random-params.js';

/** A random model run by the float64 interpreter, what every other way of running it is compared with. */
export interface Oracle {
  encode(
    x: Float64Tensor,
    label?: Float64Tensor,
  ): { latents: Float64Tensor[]; logProb: Float64Tensor; logProbLevels: Float64Tensor[] };
  decode(latents: readonly Float64Tensor[], label?: Float64Tensor): Float64Tensor;
}

/** The oracle of `randomParams(createGlow(config), seed)`. */
export function createOracle(config: GlowConfig, seed: number): Oracle {
  const glow = createGlow(config);
  const params = randomParams(glow, seed);
  const forward = forwardWeights(glow, float64Ops, params);
  const inverse = inverseWeights(glow, params);
  return {
    encode: (x, label) => encode(glow, float64Ops, x, forward, label),
    decode: (latents, label) => decode(glow, float64Ops, latents, inverse, label),
  };
}

export type OracleSession = Pick<OpenSession, 'run' | 'release'>;

/** The oracle in the place of ONNX Runtime: what the runtime does around its graphs, without graphs. */
export function oracleSessions(
  oracle: Oracle,
  levels: number,
): { encoder: OracleSession; decoder: OracleSession } {
  const encoder = sessionOf(({ x, label }) => {
    const { latents, logProb, logProbLevels } = oracle.encode(x as Float64Tensor, label);
    const batch = logProb.data.length;
    const perImage = Array.from({ length: batch }, (_, i) =>
      logProbLevels.map(({ data }) => data[i] as number),
    );
    return {
      ...Object.fromEntries(latents.map((z, level) => [`z${level}`, z])),
      ...{ log_prob: logProb, log_prob_levels: tensor([batch, levels], perImage.flat()) },
    };
  });
  const decoder = sessionOf(({ label, ...inputs }) => {
    const latents = Array.from({ length: levels }, (_, level) => inputs[`z${level}`] as Float64Tensor);
    return { x: oracle.decode(latents, label) };
  });
  return { encoder, decoder };
}

function sessionOf(compute: (inputs: Named<Float64Tensor>) => Named<Float64Tensor>): OracleSession {
  return {
    run: async (inputs) => {
      const outputs = compute(mapValues(inputs, ({ shape, data }) => tensor(shape, data)));
      return mapValues(outputs, ({ shape, data }) => ({ shape, data: Float32Array.from(data) }));
    },
    release: async () => undefined,
  };
}

function mapValues<A, B>(named: Named<A>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, f(value)]));
}

/** For models that never run out of memory. */
export function boundlessMemory(config: GlowConfig): MemoryBudget {
  return createMemoryBudget(config, 'cpu', () => ({ memory: undefined, cores: 1 }), undefined);
}

/** A manifest with nothing in it but the config: for models that do not come from a folder. */
export function bareManifest(config: GlowConfig): Manifest {
  return parseManifest(
    encodeManifest({
      producer: { name: 'test', version: '0' },
      config,
      variants: { fp32: { encode: 'encode.onnx', decode: 'decode.onnx', weights: null } },
      files: [],
      training: null,
      measured: [],
    }),
  );
}
