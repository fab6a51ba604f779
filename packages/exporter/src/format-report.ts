import { describeValues, printable } from '@glow-onnx/flow/internal';
import { describeLeftOut } from '@glow-onnx/runtime/internal-node';
import { holds, type Measurement } from '@glow-onnx/runtime/session';
import type { ExportReport } from './export-model.js';
import { type ModelDiagnosis, worstFirst } from './verify/diagnose-steps.js';
import type { VerifyReport } from './verify/verify-folder.js';

/** The report of an export as text. */
export function formatExport(report: ExportReport, allSteps: boolean): string {
  const { out, config, parameters, files, measured, diagnosis, pictures, warnings } = report;
  const { channels, height, width, levels, steps, hiddenChannels } = config;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return [
    `${channels}×${height}×${width}, ${describeValues(config)}, ${count(levels, 'level')} × ${count(steps, 'step')}, ` +
      `${hiddenChannels} hidden channels, ${parameters.toLocaleString('en-US')} parameters`,
    ...(pictures && pictures.found > pictures.taken
      ? [`golden values: the first ${pictures.taken} of ${pictures.found} images`]
      : []),
    ...(pictures && pictures.leftOut.length > 0 ? [describeLeftOut(pictures.leftOut) as string] : []),
    claimsTable(measured),
    stepsTable(diagnosis, allSteps),
    ...warnings.map((warning) => `warning: this model is unstable: ${printable(warning)}`),
    `wrote ${out}: ${files.length} files, ${bytes.toLocaleString('en-US')} bytes`,
  ].join('\n');
}

/** The report of `verifyFolder` as text. */
export function formatVerification(
  { folder, ok, damaged, measured, diagnosis, undiagnosed }: VerifyReport,
  allSteps: boolean,
): string {
  return [
    ...damaged.map((problem) => `damaged: ${printable(problem)}`),
    ...(measured.length > 0 ? [claimsTable(measured)] : []),
    ...(diagnosis ? [stepsTable(diagnosis, allSteps)] : []),
    ...(undiagnosed ? [`steps not diagnosed: ${undiagnosed}`] : []),
    `${folder}: ${ok ? 'every claim holds' : 'BROKEN'}`,
  ].join('\n');
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function claimsTable(measured: readonly Measurement[]): string {
  return table([
    ['claim', 'device', 'precision', 'measured', 'tolerance', 'ok'],
    ...measured.map((claim) => [
      claim.claim,
      claim.device,
      claim.precision,
      String(claim.value),
      String(claim.tolerance),
      holds(claim) ? 'yes' : 'NO',
    ]),
  ]);
}

const WORST = 5;

function stepsTable({ steps, firstNonFiniteInDecode }: ModelDiagnosis, all: boolean): string {
  const shown = all ? steps : worstFirst(steps).slice(0, WORST);
  const rows = shown.map(({ step, conditionOfW, smallestScale, largestActivation }) => [
    step,
    conditionOfW.toPrecision(3),
    smallestScale.toPrecision(3),
    largestActivation.toPrecision(3),
  ]);
  const lines = [table([['step', 'cond(W)', 'smallest scale', 'largest activation'], ...rows])];
  if (shown.length < steps.length)
    lines.push(`the worst ${WORST} of ${steps.length} steps; --steps prints all steps`);
  if (firstNonFiniteInDecode) lines.push(`decode is not finite from ${firstNonFiniteInDecode} on`);
  return lines.join('\n');
}

function table(texts: readonly (readonly string[])[]): string {
  const rows = texts.map((row) => row.map(printable));
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
