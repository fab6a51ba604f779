import type { GlowConfig } from '@glow-onnx/flow';
import { type Precision, takesPixels } from '@glow-onnx/flow/internal';
import type { Measurement } from '@glow-onnx/runtime/session';
import type { Divergence } from '../build/reference.js';
import { checkErrors } from './check-errors.js';
import {
  diagnoseDivergence,
  diagnoseSteps,
  type ModelDiagnosis,
  type StepDiagnosis,
  worstFirst,
} from './diagnose-steps.js';
import { type ModelOnDisk, measureErrors } from './measure-errors.js';

/** The errors of a model and the effect of its steps. */
export interface VerifiedModel {
  readonly measured: Measurement[];
  readonly diagnosis: ModelDiagnosis;
  /** One sentence for each way in which the model is unstable. */
  readonly warnings: string[];
}

/**
 * The second step of an export: runs all graphs on the CPU and compares them with float64. A model that amplifies rounding
 * in float64, too, or whose samples are not finite, is not refused.
 * @throws Error if a graph cannot run. @throws Error for the first error above its tolerance, naming the worst step.
 */
export async function verifyExport(
  model: ModelOnDisk,
  precisions: readonly Precision[],
  divergence?: Divergence,
): Promise<VerifiedModel> {
  const diagnosis = await diagnoseSteps(model);
  const measured: Measurement[] = [];
  for (const precision of precisions) {
    const errors = await measureErrors(model, precision, 'cpu');
    checkErrors(errors, model.manifest.config, describeWorst(diagnosis));
    measured.push(...errors);
  }
  const warnings = [
    ...(divergence ? [describeDivergence(divergence, await diagnoseDivergence(model, divergence))] : []),
    ...(model.manifest.roundingError !== undefined
      ? [describeAmplification(model.manifest.config, measured, diagnosis)]
      : []),
  ];
  return { measured, diagnosis, warnings };
}

function describeDivergence(
  { from }: Divergence,
  cause: Awaited<ReturnType<typeof diagnoseDivergence>>,
): string {
  const which = from === 0 ? 'at any temperature' : `from temperature ${from} on`;
  const where =
    'prior' in cause
      ? `${cause.prior}, whose learned scale is too large`
      : `${cause.step}, where ${describeLoss(cause)}`;
  return `samples are not finite ${which}: decode grows out of float32 at ${where}`;
}

function describeAmplification(
  config: GlowConfig,
  measured: readonly Measurement[],
  { steps }: ModelDiagnosis,
): string {
  const [worst] = worstFirst(steps);
  const error = Math.max(...measured.filter(({ claim }) => /decode/.test(claim)).map(({ value }) => value));
  return (
    `decode amplifies rounding, in float64 too: ${takesPixels(config) ? 'images' : 'numbers'} come back with errors up ` +
    `to ${error.toPrecision(2)} (${takesPixels(config) ? 'their range is 1' : 'as a share of the largest'}), most at ${worst.step}, where ${describeLoss(worst)}`
  );
}

/** What makes a step lose most in decode. */
function describeLoss({ conditionOfW, smallestScale }: StepDiagnosis): string {
  return 1 / smallestScale > conditionOfW
    ? `the coupling divides by scales down to ${smallestScale.toPrecision(2)}`
    : `W has the condition number ${conditionOfW.toPrecision(2)}`;
}

function describeWorst({ steps, firstNonFiniteInDecode }: ModelDiagnosis): string {
  const [{ step, conditionOfW, smallestScale }] = worstFirst(steps);
  const lost = firstNonFiniteInDecode ? `; decode is not finite from ${firstNonFiniteInDecode} on` : '';
  return (
    `worst step ${step}: cond(W) ${conditionOfW.toPrecision(2)}, ` +
    `smallest coupling scale ${smallestScale.toPrecision(2)}${lost}`
  );
}
