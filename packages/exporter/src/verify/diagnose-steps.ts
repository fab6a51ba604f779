import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Float64Tensor, type GlowConfig, tensor } from '@glow-onnx/flow';
import type { Precision } from '@glow-onnx/flow/internal';
import { decodeModel } from '@glow-onnx/graph';
import { addOutputs } from '@glow-onnx/graph/internal';
import { type FloatTensor, goldenPrefix, openSession } from '@glow-onnx/runtime/session';
import type { Divergence } from '../build/reference.js';
import type { ModelOnDisk } from './measure-errors.js';
import { type GraphFile, readGraph } from './read-graph.js';
import { spectralNorm } from './spectral-norm.js';

/** The effect of one step of the flow on the golden images: it shows where a model loses its inverse. */
export interface StepDiagnosis {
  /** The step's place, such as levels.0.steps.3. */
  readonly step: string;
  /** Condition number in the 2-norm of the step's matrix W·diag(exp(logScale)), from the matrices of both graphs. */
  readonly conditionOfW: number;
  /** Smallest exp(logScale) of the coupling, by which decode divides; 1 for an additive coupling. */
  readonly smallestScale: number;
  /** Largest |y| or |x| of the step in either direction; Infinity or NaN if a value is not finite. */
  readonly largestActivation: number;
}

/** The effect of every step. */
export interface ModelDiagnosis {
  /** In the order of encode. */
  readonly steps: readonly StepDiagnosis[];
  /** The first step of decode whose result is not finite, or null. Decode starts at the last step of the last level. */
  readonly firstNonFiniteInDecode: string | null;
}

/**
 * Reads the matrices of a precision's graphs, and runs both graphs on the CPU with the golden images and with the
 * values between the steps as outputs.
 * @throws Error if a graph lacks the names of steps, or cannot run.
 */
export async function diagnoseSteps(
  model: ModelOnDisk,
  precision: Precision = 'fp32',
): Promise<ModelDiagnosis> {
  const { golden, manifest } = model;
  const { config } = manifest;
  const labelled = golden.label ? { label: golden.label } : {};
  const latents = Array.from({ length: config.levels }, (_, l) => [
    `z${l}`,
    golden[`${goldenPrefix(precision)}z${l}`],
  ]);
  const steps = stepNames(config);

  const encode = openGraph(await readGraph(model, precision, 'encode'));
  const forward = await encode.run(
    steps.flatMap(({ output, logScale }) => [output, logScale]),
    { x: golden.x, ...labelled },
  );
  const norms = await Promise.all(steps.map(async ({ matrix }) => spectralNorm(await encode.matrix(matrix))));

  const decode = openGraph(await readGraph(model, precision, 'decode'));
  const back = await decode.run(
    steps.map(({ input }) => input),
    { ...Object.fromEntries(latents), ...labelled },
  );
  const inverseNorms = await Promise.all(
    steps.map(async ({ inverse }) => spectralNorm(await decode.matrix(inverse))),
  );
  return {
    steps: steps.map(({ step, output, latent, logScale, input }, i) => ({
      step,
      conditionOfW: norms[i] * inverseNorms[i],
      smallestScale: forward[logScale] ? Math.exp(smallest(forward[logScale])) : 1,
      largestActivation: Math.max(largest(forward[output] ?? forward[latent]), largest(back[input])),
    })),
    firstNonFiniteInDecode:
      steps.toReversed().find(({ input }) => !Number.isFinite(largest(back[input])))?.step ?? null,
  };
}

/**
 * Where samples leave the range of float32 in decode: of the steps up to the first result that is not finite, the one
 * that loses most, or the prior of a level if what it gives to the level's steps is not finite. Reads the matrices of the
 * fp32 graphs, and runs decode on the CPU.
 */
export async function diagnoseDivergence(
  model: ModelOnDisk,
  { latents, label }: Divergence,
): Promise<StepDiagnosis | { readonly prior: string }> {
  const { config } = model.manifest;
  const order = stepNames(config).toReversed();
  const [encode, decode] = [
    openGraph(await readGraph(model, 'fp32', 'encode')),
    openGraph(await readGraph(model, 'fp32', 'decode')),
  ];
  const feeds = Object.fromEntries(latents.map((z, l) => [`z${l}`, inFloat32(z)]));
  const found = await decode.run(
    order.flatMap(({ input, logScale }) => (decode.has(logScale) ? [input, logScale] : [input])),
    { ...feeds, ...(label && { label: inFloat32(label) }) },
  );
  const end = order.findIndex(({ input }) => !Number.isFinite(largest(found[input])));
  const steps = end < 0 ? order : order.slice(0, end + 1);
  const firstOfLevel = end % config.steps === 0;
  const { logScale } = order[Math.max(end, 0)];
  if (config.prior !== 'standard' && firstOfLevel && found[logScale]?.data.some(Number.isNaN)) {
    return { prior: `levels.${config.levels - 1 - end / config.steps}.prior` };
  }
  const diagnosed = await Promise.all(
    steps.map(async ({ step, matrix, inverse, logScale, input }): Promise<StepDiagnosis> => {
      const scale = found[logScale] ? Math.exp(smallest(found[logScale])) : 1;
      return {
        step,
        conditionOfW: spectralNorm(await encode.matrix(matrix)) * spectralNorm(await decode.matrix(inverse)),
        smallestScale: Number.isNaN(scale) ? 1 : scale, // what comes after a value that is not finite
        largestActivation: largest(found[input]),
      };
    }),
  );
  return worstFirst(diagnosed)[0];
}

function inFloat32({ shape, data }: Float64Tensor): FloatTensor {
  return { shape, data: Float32Array.from(data) };
}

/**
 * Orders steps by their loss, largest first: the factor by which W and the coupling can multiply an error in decode.
 */
export function worstFirst(steps: readonly StepDiagnosis[]): StepDiagnosis[] {
  const loss = ({ conditionOfW, smallestScale }: StepDiagnosis) => conditionOfW / smallestScale;
  return [...steps].sort((a, b) => loss(b) - loss(a));
}

/** The names of each step's matrices and values in the graphs. */
function stepNames({ levels, steps }: Pick<GlowConfig, 'levels' | 'steps'>) {
  return Array.from({ length: levels * steps }, (_, i) => {
    const [level, k] = [Math.floor(i / steps), i % steps];
    const step = `levels.${level}.steps.${k}`;
    // Export folds the squeeze into a level's first step, so decode has other names for its matrix and its input.
    const first = k === 0;
    return {
      step,
      matrix: `${step}.conv1x1.matrix`,
      inverse: first ? `levels.${level}.squeeze.inverseMatrix` : `${step}.actnorm.inverseMatrix`,
      output: `${step}.y`,
      latent: `z${level}`, // before a split the graph may never concatenate y
      logScale: `${step}.coupling.logScale`,
      input: first ? (level === 0 ? 'x' : `levels.${level}.squeeze.x`) : `${step}.x`,
    };
  });
}

function openGraph({ path, bytes, folder }: GraphFile) {
  const initializers = new Map(decodeModel(bytes).graph.initializers.map((entry) => [entry.name, entry]));
  return {
    /** Whether a node has this output. */
    has: (name: string) => decodeModel(bytes).graph.nodes.some(({ outputs }) => outputs.includes(name)),
    async run(names: readonly string[], feeds: Record<string, FloatTensor>) {
      const own = new Set(decodeModel(bytes).graph.outputs.map(({ name }) => name));
      const model = addOutputs(
        bytes,
        names.filter((name) => !own.has(name)),
      );
      const session = await openSession({ model, device: 'cpu', folder });
      try {
        return await session.run(feeds);
      } finally {
        await session.release();
      }
    },
    /** A kernel as a matrix with one row per output (or input) channel. */
    async matrix(name: string): Promise<Float64Tensor> {
      const found = initializers.get(name);
      if (!found) throw new Error(`${path}: no weight "${name}"; export the model again`);
      const { data, shape } = found;
      const raw = data instanceof Uint8Array ? data : await readRange(folder, data);
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

function smallest({ data }: FloatTensor): number {
  return data.reduce((least, value) => Math.min(least, value));
}
