import { type Float64Tensor, type GlowConfig, type Manifest, sizeOf, tolerances } from '@glow-onnx/flow';
import { type FloatTensor, openSession } from '@glow-onnx/runtime/session';
import type { Reference } from './reference.js';

export type Measurement = Manifest['measured'][number];

/**
 * Runs both graphs in ONNX Runtime on the CPU and compares with the float64 interpreter.
 * @param paths of the graphs, their weights beside them.
 * @param slack factor on the tolerances.
 * @throws Error naming what is off by how much.
 */
export async function verify(
  paths: { readonly encode: string; readonly decode: string },
  config: GlowConfig,
  reference: Reference,
  slack: number,
): Promise<Measurement[]> {
  const { x, label, latents, logProb, decoded } = reference;
  const labelled = label ? { label: toFloat32(label) } : {};
  const encoded = await runOnce(paths.encode, { x: toFloat32(x), ...labelled });
  const z = latents.map((_, l) => encoded[`z${l}`]);
  const inputs = (values: readonly FloatTensor[]) => ({
    ...Object.fromEntries(values.map((value, l) => [`z${l}`, value])),
    ...labelled,
  });
  const decodedHere = await runOnce(paths.decode, inputs(latents.map(toFloat32)));
  const restored = await runOnce(paths.decode, inputs(z));

  const dimensions = sizeOf(x.shape.slice(1));
  const { latents: ofLatents, logProb: ofLogProb, image } = tolerances.cpu.fp32;
  const measured = (claim: string, value: number, tolerance: number): Measurement => {
    const allowed = tolerance * slack;
    return {
      device: 'cpu',
      precision: 'fp32',
      claim,
      value: Number(value.toPrecision(3)),
      tolerance: allowed,
    };
  };
  const zErrors = latents.map((level, l) => largestError(z[l], level) / Math.max(1, largest(level.data)));
  const results = [
    measured('encode against float64: error of z over the largest z', Math.max(...zErrors), ofLatents),
    measured(
      'encode against float64: error of log_prob over its size',
      largestError(encoded.log_prob, logProb) / Math.max(dimensions, largest(logProb.data)),
      ofLogProb,
    ),
    measured('decode against float64: error of x', largestError(decodedHere.x, decoded), image),
    measured('decode(encode(x)): error of x', largestError(restored.x, x), image),
  ];
  for (const { claim, value, tolerance } of results) {
    if (value <= tolerance) continue; // false for NaN
    throw new Error(
      `export: ${claim} is ${value}, expected at most ${tolerance}: this model amplifies float32 rounding ` +
        `(${config.levels * config.steps} steps); train it further, or accept more with --tolerance`,
    );
  }
  return results;
}

async function runOnce(model: string, inputs: Record<string, FloatTensor>) {
  const session = await openSession({ model, device: 'cpu' });
  try {
    return await session.run(inputs);
  } finally {
    await session.release();
  }
}

function toFloat32({ shape, data }: Float64Tensor): FloatTensor {
  return { shape, data: new Float32Array(data) };
}

/** NaN if anything is, or if shapes differ. */
function largestError(a: FloatTensor, b: Float64Tensor): number {
  if (a.shape.join() !== b.shape.join()) return Number.NaN;
  return a.data.reduce((error, value, i) => Math.max(error, Math.abs(value - b.data[i])), 0);
}

function largest(values: Float64Array): number {
  return values.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
}
