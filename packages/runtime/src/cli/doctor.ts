import type { DeviceDiagnosis, Diagnosis } from '../diagnose.js';
import { diagnose } from '../index.js';
import type { Report } from './report.js';

/** What there is to run models on, and with a model folder how rightly. The command fails if nothing works. */
export async function doctor(model: string | undefined): Promise<Report> {
  const diagnosis = await diagnose(model === undefined ? {} : { model });
  const nothing = 'no device works here; the lines above say why';
  return {
    text: describe(diagnosis),
    json: diagnosis,
    error: diagnosis.auto === undefined ? new Error(nothing) : undefined,
  };
}

function describe({ version, host, cores, wasm, threads, cache, devices, auto }: Diagnosis): string {
  const lines = [
    ['glow-onnx', version],
    ['host', `${host}, ${cores} ${cores === 1 ? 'core' : 'cores'}`],
    ['wasm', wasm ? `${threads} ${threads === 1 ? 'thread' : 'threads'} by default` : 'forbidden here'],
    ['cache', cache],
    ['auto takes', auto ?? 'nothing'],
  ];
  const facts = lines.map(([name, value]) => `${name?.padEnd(10)}  ${value}`);
  return [...facts, ...devices.map(describeDevice)].join('\n');
}

function describeDevice(found: DeviceDiagnosis): string {
  const { device, bundled, works, reason, runtime, processor, objection, selfTest } = found;
  const state = works ? 'works' : bundled ? 'does not work' : 'is not installed';
  const details = [
    reason?.replace(`device "${device}" is not available here: `, ''),
    runtime && [runtime, processor].filter(Boolean).join(', '),
    objection && `auto passes over it: ${objection}`,
    selfTest?.error,
    ...(selfTest?.measured ?? []).map(
      ({ claim, value, tolerance }) =>
        `${value <= tolerance ? 'right' : 'WRONG'}: ${claim} is ${value.toExponential(1)}, at most ${tolerance.toExponential(0)}`,
    ),
  ];
  const shown = details.filter((line) => line !== undefined && line !== '');
  return [`\n${device} ${state}`, ...shown.map((line) => `  ${line}`)].join('\n');
}
