import type { Precision } from '@glow-onnx/flow/internal';
import type { Measurement } from '@glow-onnx/runtime/session';
import { checkErrors } from './check-errors.js';
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
    checkErrors(errors, model.manifest.config, describeWorst(diagnosis));
    measured.push(...errors);
  }
  return { measured, diagnosis };
}

function describeWorst({ steps, firstNonFiniteInDecode }: ModelDiagnosis): string {
  const [{ step, conditionOfW, smallestScale }] = worstFirst(steps);
  const lost = firstNonFiniteInDecode ? `; decode is not finite from ${firstNonFiniteInDecode} on` : '';
  return (
    `worst step ${step}: cond(W) ${conditionOfW.toPrecision(2)}, ` +
    `smallest coupling scale ${smallestScale.toPrecision(2)}${lost}`
  );
}
