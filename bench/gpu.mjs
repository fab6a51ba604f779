// All that a machine with a GPU is needed for, in one command and at most eight minutes: docs/gpu.md.
//
//     npm run bench:gpu -- [--python python3] [--devices cuda,webgpu] [--minutes 8] [--seconds 1] [--doc docs/gpu.md]
//
// Every variant of the model is checked on every device; then encode, decode, gradient and training are timed beside PyTorch,
// eager and compiled, on the same card, with TF32 off and on. It needs Node, ONNX Runtime's CUDA provider, and a Python with
// torch and numpy; what is not here is left out, and the document says why. Every part is a process of its own that may fail
// or be cut off: the rest goes on. --rehearse takes small models, so that it runs on a machine without a GPU:
//     npm run bench:gpu -- --rehearse --devices cpu --torch-device cpu
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportModel } from '@glow-onnx/exporter';
import { encodeCheckpoint } from '@glow-onnx/flow';
import { diagnose } from '@glow-onnx/runtime';
import { cardOf } from './gpu/card.mjs';
import { speedCases } from './gpu/cases.mjs';
import { runPart } from './gpu/parts.mjs';
import { reportOf } from './gpu/report.mjs';
import { machine, randomCheckpoint } from './models.mjs';
import { aroundPart, writePart } from './written-part.mjs';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: 'cuda,webgpu' },
    python: { type: 'string', default: 'python3' },
    'torch-device': { type: 'string', default: 'cuda' },
    minutes: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '1' },
    rehearse: { type: 'boolean', default: false },
    doc: { type: 'string' },
  },
});
const known = ['cuda', 'webgpu', 'cpu'];
const devices = values.devices.split(',');
const unknown = devices.find((device) => !known.includes(device));
if (unknown !== undefined) {
  throw new RangeError(`gpu: --devices: expected some of ${known.join(', ')}, got ${unknown}`);
}
const command = 'npm run bench:gpu';
if (values.doc) aroundPart(values.doc, command); // says now, and not after minutes, what it lacks
const { rehearse } = values;
const end = performance.now() + 60_000 * positive('minutes');
const seconds = positive('seconds');
const cases = speedCases(rehearse);
const parent = mkdtempSync(join(tmpdir(), 'glow-gpu-'));
process.on('exit', () => rmSync(parent, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1)); // ends the part that runs

const models = [];
for (const [model, { config }] of cases.entries()) {
  const [checkpoint, folder] = [join(parent, `${model}.safetensors`), join(parent, `${model}`)];
  const start = randomCheckpoint(config);
  writeFileSync(checkpoint, encodeCheckpoint(start));
  await exportModel(start, { out: folder });
  models.push({ model, checkpoint, folder });
}

const works = new Map((await diagnose()).devices.map(({ device, ...found }) => [device, found]));
const absent = devices.filter((device) => !works.get(device)?.works);
const results = [];
for (const part of plan().filter(({ argument }) => !absent.includes(argument.device))) {
  const left = (end - performance.now()) / 1000;
  const found =
    left < 10 ? { lines: [], failure: 'no time left' } : await runPart(part, Math.min(part.limit, left));
  results.push({ ...part, ...found });
  console.error(
    `${part.title}: ${found.failure ?? `${found.lines.length} results in ${found.wall.toFixed(0)} s`}`,
  );
}
for (const device of absent) {
  const failure = works.get(device)?.reason ?? 'ONNX Runtime here does not have it';
  results.push({ kind: 'device', title: device, lines: [], failure });
}
const report = reportOf({ machine: machine(), card: await cardOf(), rehearse, cases, results });
if (values.doc) writePart(values.doc, command, report);
else console.log(report);

/** The parts in the order of their worth: what comes last is cut off if time runs short. */
function plan() {
  const ours = (device, tf32, model, training) => ({
    kind: 'speed',
    column: `${device}${tf32 ? ', TF32' : ''}`,
    title: `${cases[model.model].name}, ${device}${tf32 ? ' with TF32' : ''}${training ? ', training' : ''}`,
    model: model.model,
    script: 'speed.mjs',
    limit: 60,
    argument: { device, tf32, rehearse, seconds, training, ...model },
  });
  const torch = (compile, tf32, { model, checkpoint, folder }) => ({
    kind: 'speed',
    column: `${compile ? 'torch.compile' : 'PyTorch'}${tf32 ? ', TF32' : ''}`,
    title: `${cases[model].name}, PyTorch${compile ? ' compiled' : ''}${tf32 ? ' with TF32' : ''}`,
    model,
    script: 'torch_speed.py',
    python: values.python,
    limit: compile ? 150 : 60,
    argument: {
      ...{ checkpoint, folder, tf32, compile, seconds, torchDevice: values['torch-device'] },
      ...{ batches: cases[model].batches, trainBatch: cases[model].trainBatch },
    },
  });
  const checks = devices.map((device) => ({
    kind: 'variants',
    title: `variants on ${device}`,
    column: device,
    script: 'variants.mjs',
    limit: 90,
    argument: { device, rehearse },
  }));
  const [first] = models;
  const tf32 = devices.includes('cuda') ? [true] : [];
  return [
    ...checks,
    ...models.flatMap((model) => devices.map((device) => ours(device, false, model, false))),
    ...models.map((model) => torch(false, false, model)),
    ...devices.map((device) => ours(device, false, first, true)),
    torch(true, false, first),
    ...tf32.flatMap(() => models.map((model) => ours('cuda', true, model, false))),
    ...tf32.flatMap(() => models.map((model) => torch(false, true, model))),
    ...models.slice(1).flatMap((model) => devices.map((device) => ours(device, false, model, true))),
    ...tf32.map(() => torch(true, true, first)),
  ];
}

function positive(name) {
  const number = Number(values[name]);
  if (number > 0) return number;
  throw new RangeError(`gpu: --${name}: expected a positive number, got ${values[name]}`);
}
