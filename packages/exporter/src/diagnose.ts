import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Float64Tensor, type GlowConfig, tensor } from '@glow-onnx/flow';
import type { GraphVariant } from '@glow-onnx/flow/internal';
import { decodeModel } from '@glow-onnx/graph';
import { addOutputs } from '@glow-onnx/graph/internal';
import { type FloatTensor, openSession } from '@glow-onnx/runtime/session';
import { spectralNorm } from './spectral-norm.js';

/** What a step of the flow does to the golden images: where a model loses its inverse. */
export interface StepDiagnosis {
  /** levels.0.steps.3 */
  readonly step: string;
  /** Condition of the step's matrix W·diag(exp(logScale)) in the 2-norm, from the matrices of both graphs. */
  readonly conditionOfW: number;
  /** Smallest exp(logScale) of the coupling, by which decode divides; 1 if it is additive. */
  readonly smallestScale: number;
  /** Largest |y|, |x| of the step in either direction; Infinity or NaN if one is not finite. */
  readonly largestActivation: number;
}

export interface Diagnosis {
  readonly steps: readonly StepDiagnosis[];
  /** Decode runs from the last level's last step on; the first whose result is not finite, or null. */
  readonly firstNonFiniteInDecode: string | null;
}

/**
 * Reads the matrices out of a variant's graphs, and runs both on the CPU with the values between the steps as outputs.
 */
export async function diagnose(
  folder: string,
  variant: GraphVariant,
  { levels, steps: count }: Pick<GlowConfig, 'levels' | 'steps'>,
  inputs: { readonly encode: Record<string, FloatTensor>; readonly decode: Record<string, FloatTensor> },
): Promise<Diagnosis> {
  const steps = Array.from({ length: levels * count }, (_, i) => {
    const [level, k] = [Math.floor(i / count), i % count];
    const step = `levels.${level}.steps.${k}`;
    // A level's first step has the squeeze folded into it, which gives its matrix and its input another name on the way back.
    const first = k === 0;
    return {
      step,
      matrix: `${step}.conv1x1.matrix`,
      inverse: first ? `levels.${level}.squeeze.inverseMatrix` : `${step}.actnorm.inverseMatrix`,
      output: `${step}.y`,
      latent: `z${level}`, // before a split the graph may never put y together
      logScale: `${step}.coupling.logScale`,
      input: first ? (level === 0 ? 'x' : `levels.${level}.squeeze.x`) : `${step}.x`,
    };
  });
  const encode = await openGraph(folder, variant.encode);
  const forward = await encode.run(
    steps.flatMap(({ output, logScale }) => [output, logScale]),
    inputs.encode,
  );
  const norms = await Promise.all(steps.map(async ({ matrix }) => spectralNorm(await encode.matrix(matrix))));
  const decode = await openGraph(folder, variant.decode);
  const back = await decode.run(
    steps.map(({ input }) => input),
    inputs.decode,
  );
  const inverseNorms = await Promise.all(
    steps.map(async ({ inverse }) => spectralNorm(await decode.matrix(inverse))),
  );
  return {
    steps: steps.map(({ step, output, latent, logScale, input }, i) => ({
      step,
      conditionOfW: norms[i] * inverseNorms[i],
      smallestScale: forward[logScale] ? Math.exp(extreme(Math.min, forward[logScale].data)) : 1,
      largestActivation: Math.max(
        ...[forward[output] ?? forward[latent], back[input]].map((value) => largest(value)),
      ),
    })),
    firstNonFiniteInDecode:
      steps.toReversed().find(({ input }) => !Number.isFinite(largest(back[input])))?.step ?? null,
  };
}

/** The steps that lose most first: what W and the coupling can multiply an error by on the way back. */
export function worstFirst(steps: readonly StepDiagnosis[]): StepDiagnosis[] {
  const loss = ({ conditionOfW, smallestScale }: StepDiagnosis) => conditionOfW / smallestScale;
  return [...steps].sort((a, b) => loss(b) - loss(a));
}

async function openGraph(folder: string, path: string) {
  const bytes = await readFile(join(folder, path));
  const initializers = new Map(decodeModel(bytes).graph.initializers.map((entry) => [entry.name, entry]));
  return {
    async run(names: readonly string[], feeds: Record<string, FloatTensor>) {
      const own = new Set(decodeModel(bytes).graph.outputs.map(({ name }) => name));
      const model = addOutputs(
        bytes,
        names.filter((name) => !own.has(name)),
      );
      const session = await openSession({ model, device: 'cpu', folder: join(folder, dirname(path)) });
      try {
        return await session.run(feeds);
      } finally {
        await session.release();
      }
    },
    /** A kernel as a matrix of one row per output (or input), without columns of zeros that only widen it. */
    async matrix(name: string): Promise<Float64Tensor> {
      const found = initializers.get(name);
      if (!found) throw new Error(`${path}: no weight "${name}"; export the model again`);
      const { data, shape } = found;
      const raw = data instanceof Uint8Array ? data : await readRange(join(folder, dirname(path)), data);
      const numbers = Float64Array.from(new Float32Array(Uint8Array.from(raw).buffer));
      return tensor([shape[0], numbers.length / shape[0]], numbers);
    },
  };
}

async function readRange(
  folder: string,
  { file, offset, length }: { file: string; offset: number; length: number },
) {
  const handle = await open(join(folder, file));
  try {
    const bytes = new Uint8Array(length);
    await handle.read(bytes, 0, length, offset);
    return bytes;
  } finally {
    await handle.close();
  }
}

function largest({ data }: FloatTensor): number {
  return data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function extreme(pick: (a: number, b: number) => number, values: Float32Array): number {
  return values.reduce((most, value) => pick(most, value));
}
