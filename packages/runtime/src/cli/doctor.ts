import type { DeviceDiagnosis, Diagnosis } from '../diagnose.js';
import { diagnose } from '../index.js';
import { facts, type Report } from './report.js';

/**
 * Reports which devices work on this system and, with a model, whether they compute it correctly.
 * The command fails if no device works.
 */
export async function doctor(model: string | undefined, signal: AbortSignal): Promise<Report> {
  const diagnosis = await diagnose(model === undefined ? {} : { model, signal });
  const nothing = 'no device works on this system; the report above gives the reasons';
  return {
    text: describe(diagnosis),
    json: diagnosis,
    error: diagnosis.auto === undefined ? new Error(nothing) : undefined,
  };
}

function describe({ version, host, cores, wasm, threads, cache, devices, auto }: Diagnosis): string {
  const lines: [string, string][] = [
    ['glow-onnx', version],
    ['host', `${host}, ${cores} ${cores === 1 ? 'core' : 'cores'}`],
    ['wasm', wasm ? `${threads} ${threads === 1 ? 'thread' : 'threads'} by default` : 'not allowed here'],
    ['cache', cache],
    ['auto takes', auto ?? 'no device'],
  ];
  return [facts(lines), ...devices.map(describeDevice)].join('\n');
}

function describeDevice(found: DeviceDiagnosis): string {
  const { device, bundled, works, reason, runtime, processor, objection, selfTest } = found;
  const state = works ? 'works' : bundled ? 'does not work' : 'is not installed';
  const details = [
    reason
      ?.replace(`device "${device}" is not available here: `, '')
      .replaceAll('pass device: ', 'pass --device '),
    runtime && [runtime, processor].filter(Boolean).join(', '),
    objection && `auto skips it: ${objection}`,
    selfTest?.error,
    ...(selfTest?.measured ?? []).map(
      ({ claim, value, tolerance }) =>
        `${value <= tolerance ? 'correct' : 'WRONG'}: ${claim} is ${value.toExponential(1)}, expected at most ${tolerance.toExponential(0)}`,
    ),
  ];
  const shown = details.filter((line) => line !== undefined && line !== '');
  return [`\n${device} ${state}`, ...shown.map((line) => `  ${line}`)].join('\n');
}
