import { join } from 'node:path';
import {
  type GraphVariant,
  type Manifest,
  type Precision,
  sizeOf,
  type Tolerances,
  tolerances,
} from '@glow-onnx/flow';
import { type Device, type FloatTensor, openSession } from '@glow-onnx/runtime/session';
import { goldenPrefix } from './reference.js';

export type Measurement = Manifest['measured'][number];

/** Graphs to measure, and what float64 makes of the golden images. */
export interface VerifyRequest {
  readonly folder: string;
  readonly variant: GraphVariant;
  readonly precision: Precision;
  readonly device: Device;
  readonly levels: number;
  /** `golden.safetensors`. */
  readonly golden: Readonly<Record<string, FloatTensor>>;
  /** Factor on the tolerances. */
  readonly slack: number;
}

/**
 * Runs both graphs of a variant and compares them with the float64 interpreter.
 * @throws Error if a graph cannot be opened or run, or golden.safetensors lacks a tensor.
 */
export async function verifyGraphs(request: VerifyRequest): Promise<Measurement[]> {
  const { folder, variant, precision, device, levels, golden, slack } = request;
  const known = (name: string): FloatTensor => {
    const found = golden[name];
    if (!found) throw new Error(`golden.safetensors: no tensor "${name}"; export the model again`);
    return found;
  };
  const below = goldenPrefix(precision);
  const x = known('x');
  const names = Array.from({ length: levels }, (_, l) => `z${l}`);
  const latents = names.map((name) => known(below + name));
  const labelled = golden.label ? { label: golden.label } : {};
  const inputs = (values: readonly FloatTensor[]) => ({
    ...Object.fromEntries(values.map((value, l) => [`z${l}`, value])),
    ...labelled,
  });
  const [encoded] = await runAll(join(folder, variant.encode), device, [{ x, ...labelled }]);
  const z = names.map((name) => encoded[name]);
  const [decoded, restored] = await runAll(join(folder, variant.decode), device, [
    inputs(latents),
    inputs(z),
  ]);

  const logProb = known(`${below}log_prob`);
  const dimensions = sizeOf(x.shape.slice(1));
  const allowed: Tolerances = tolerances[device][precision];
  const measured = (claim: string, value: number, tolerance: number): Measurement => ({
    device,
    precision,
    claim,
    value: Number(value.toPrecision(3)),
    tolerance: Number((tolerance * slack).toPrecision(3)),
  });
  const zErrors = latents.map((level, l) => largestError(z[l], level) / Math.max(1, largest(level.data)));
  return [
    measured('encode against float64: error of z over the largest z', Math.max(...zErrors), allowed.latents),
    measured(
      'encode against float64: error of log_prob over its size',
      largestError(encoded.log_prob, logProb) / Math.max(dimensions, largest(logProb.data)),
      allowed.logProb,
    ),
    measured(
      'decode against float64: error of x',
      largestError(decoded.x, known(`${below}decode.x`)),
      allowed.image,
    ),
    measured('decode(encode(x)): error of x', largestError(restored.x, x), allowed.image),
  ];
}

/** Whether what was measured is within its tolerance; never for NaN. */
export function holds({ value, tolerance }: Measurement): boolean {
  return value <= tolerance;
}

async function runAll(model: string, device: Device, feeds: readonly Record<string, FloatTensor>[]) {
  const session = await openSession({ model, device });
  try {
    const outputs: Record<string, FloatTensor>[] = [];
    for (const feed of feeds) outputs.push(await session.run(feed));
    return outputs;
  } finally {
    await session.release();
  }
}

/** NaN if anything is, or if shapes differ. */
function largestError(a: FloatTensor, b: FloatTensor): number {
  if (a.shape.join() !== b.shape.join()) return Number.NaN;
  return a.data.reduce((error, value, i) => Math.max(error, Math.abs(value - b.data[i])), 0);
}

function largest(values: Float32Array): number {
  return values.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
}
