import type { Precision } from '@glow-onnx/flow/manifest';

/**
 * @param where what the message begins with, if anything.
 * @throws RangeError if a precision computes in float16, which gradients cannot.
 */
export function checkGradientPrecision(precision: Precision, where = ''): void {
  if (precision !== 'fp16') return;
  throw new RangeError(
    `${where}gradients need float32 arithmetic; load the model with precision: "fp32", "fp16-weights" or "int8-weights"`,
  );
}
