import {
  type Checkpoint,
  createGlow,
  encode,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  tensor,
} from '@glow-onnx/flow';
import { tolerances } from '@glow-onnx/flow/internal';
import { checkGoldenSize } from '@glow-onnx/runtime/internal';
import type { Golden } from '@glow-onnx/runtime/session';

/**
 * Checks that a checkpoint is the model of a folder: in float64 it encodes the golden images to the golden values. It
 * takes as long as the golden values took to compute, seconds.
 * @param slack the factor on the tolerances that the manifest states.
 * @throws RangeError naming the golden value and its error.
 */
export function checkGolden({ config, params }: Checkpoint, golden: Golden, slack = 1): void {
  checkGoldenSize(golden, config);
  const known = (name: string): Float64Tensor => {
    const found = golden[name];
    if (!found) throw new RangeError(`golden.safetensors has no "${name}"; export the model again`);
    return tensor(found.shape, Float64Array.from(found.data));
  };
  const glow = createGlow(config);
  const label = golden.label && known('label');
  const x = known('x');
  const { latents, logProb } = encode(glow, float64Ops, x, forwardWeights(glow, float64Ops, params), label);
  const allowed = tolerances.cpu.fp32;
  latents.forEach((z, l) => {
    const expected = known(`z${l}`);
    hold(`z${l}`, largestError(z, expected) / Math.max(1, largest(expected)), slack * allowed.latents);
  });
  const expected = known('log_prob');
  const size = Math.max(x.data.length / x.shape[0], largest(expected));
  hold('log_prob', largestError(logProb, expected) / size, slack * allowed.logProb);
}

function hold(name: string, error: number, tolerance: number): void {
  if (error <= tolerance) return; // NaN never is
  throw new RangeError(
    `it is not the model of the graphs: its ${name} differs from golden.safetensors by ${error.toPrecision(2)}, ` +
      `expected at most ${tolerance}; copy the model folder again, or export the model again`,
  );
}

function largestError(a: Float64Tensor, b: Float64Tensor): number {
  if (a.shape.join() !== b.shape.join()) return Number.NaN;
  return b.data.reduce((error, value, i) => Math.max(error, Math.abs(value - a.data[i])), 0);
}

function largest({ data }: Float64Tensor): number {
  return data.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
}
