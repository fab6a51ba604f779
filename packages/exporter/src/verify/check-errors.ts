import type { GlowConfig } from '@glow-onnx/flow';
import { holds, type Measurement } from '@glow-onnx/runtime/session';

/**
 * @param detail what else is known of the model, for the message.
 * @throws Error for the first error above its tolerance.
 */
export function checkErrors(
  errors: readonly Measurement[],
  { levels, steps }: Pick<GlowConfig, 'levels' | 'steps'>,
  detail?: string,
): void {
  const broken = errors.find((claim) => !holds(claim));
  if (!broken) return;
  const { claim, value, tolerance, precision } = broken;
  const [fault, advice] = Number.isFinite(value)
    ? ['amplifies rounding', 'accept more with --tolerance']
    : ['leaves the range of float32', 'take an earlier checkpoint'];
  const model = [`${precision}, ${levels * steps} steps`, ...(detail ? [detail] : [])].join('; ');
  throw new Error(
    `export: ${claim} is ${value}, expected at most ${tolerance}: this model ${fault} ` +
      `(${model}); train it further, or ${advice}`,
  );
}
