import type { GlowConfig } from '@glow-onnx/flow';
import type { Precision } from '@glow-onnx/flow/internal';
import { holds, type Measurement } from '@glow-onnx/runtime/session';
import { diagnoseSteps, type ModelDiagnosis, worstFirst } from './diagnose-steps.js';
import { type ModelOnDisk, measureErrors } from './measure-errors.js';

/** The errors of a model and the effect of its steps. */
export interface VerifiedModel {
  readonly measured: Measurement[];
  readonly diagnosis: ModelDiagnosis;
}

/**
 * The second step of an export: runs all graphs on the CPU and compares them with float64.
 * @throws Error if a graph cannot run. @throws Error for the first error above its tolerance, naming the worst step.
 */
export async function verifyExport(
  model: ModelOnDisk,
  precisions: readonly Precision[],
): Promise<VerifiedModel> {
  const diagnosis = await diagnoseSteps(model);
  const measured: Measurement[] = [];
  for (const precision of precisions) {
    const errors = await measureErrors(model, precision, 'cpu');
    checkErrors(errors, model.manifest.config, diagnosis);
    measured.push(...errors);
  }
  return { measured, diagnosis };
}

function checkErrors(
  errors: readonly Measurement[],
  { levels, steps }: GlowConfig,
  diagnosis: ModelDiagnosis,
): void {
  const broken = errors.find((claim) => !holds(claim));
  if (!broken) return;
  const { claim, value, tolerance, precision } = broken;
  const [fault, advice] = Number.isFinite(value)
    ? ['amplifies rounding', 'accept more with --tolerance']
    : ['leaves the range of float32', 'take an earlier checkpoint'];
  throw new Error(
    `export: ${claim} is ${value}, expected at most ${tolerance}: this model ${fault} ` +
      `(${precision}, ${levels * steps} steps; ${describeWorst(diagnosis)}); train it further, or ${advice}`,
  );
}

function describeWorst({ steps, firstNonFiniteInDecode }: ModelDiagnosis): string {
  const [{ step, conditionOfW, smallestScale }] = worstFirst(steps);
  const lost = firstNonFiniteInDecode ? `; decode is not finite from ${firstNonFiniteInDecode} on` : '';
  return (
    `worst step ${step}: cond(W) ${conditionOfW.toPrecision(2)}, ` +
    `smallest coupling scale ${smallestScale.toPrecision(2)}${lost}`
  );
}
