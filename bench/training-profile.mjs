// What each operation of a training step on ONNX Runtime takes, and the floor: its matrix products alone.
//
//     node bench/training-profile.mjs [--channels 3] [--steps 8] [--hidden 128] [--batch 32] [--threads 1]
//
// By ONNX Runtime's own profile; of each node the shortest of its runs, so that other work on the machine disturbs it
// little.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createConfig, createGlow, createRandom } from '@glow-onnx/flow';
import ort from 'onnxruntime-node';
import { flatten, parameterLayout } from '../packages/trainer/dist/engine/parameters.js';
import { openOnnxRuntimeDifferentiator } from '../packages/trainer/dist/onnxruntime/onnxruntime-differentiator.js';
import { machine, randomCheckpoint } from './models.mjs';

const { values } = parseArgs({
  options: {
    channels: { type: 'string', default: '3' },
    steps: { type: 'string', default: '8' },
    hidden: { type: 'string', default: '128' },
    batch: { type: 'string', default: '32' },
    threads: { type: 'string', default: '1' },
  },
});
const numbers = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
const { channels, steps, hidden: hiddenChannels, batch: count, threads } = numbers;
const config = createConfig({ channels, height: 32, width: 32, levels: 3, steps, hiddenChannels, bits: 5 });
const folder = mkdtempSync(join(tmpdir(), 'glow-profile-'));
const { create } = ort.InferenceSession;
ort.InferenceSession.create = (model, options) =>
  create(model, { ...options, enableProfiling: true, profileFilePrefix: join(folder, 'profile') });

const repeats = 5;
try {
  const glow = createGlow(config);
  const { params } = randomCheckpoint(config);
  const layout = parameterLayout(glow);
  const parameters = flatten(layout, params.trainable);
  const random = createRandom(1);
  const x = Float32Array.from({ length: count * 1024 * channels }, () => random.uniform() - 0.5);
  const opened = performance.now();
  const differentiator = await openOnnxRuntimeDifferentiator(glow, params.fixed, {
    ...{ device: 'cpu', threads, count },
  });
  const seconds = (performance.now() - opened) / 1000;
  for (let i = 0; i <= repeats; i++) await differentiator.gradient(parameters, { count, x });
  await differentiator.dispose();
  console.log(
    `${machine()}\n${channels}×32×32, L=3, K=${steps}, hidden ${hiddenChannels}, batch ${count}; ` +
      `${layout.size.toLocaleString('en')} parameters; session opened in ${seconds.toFixed(1)} s; ${threads} threads`,
  );
  report();
} finally {
  rmSync(folder, { recursive: true });
}

function report() {
  // The other is of the smallest graph, by which the runtime tries a device.
  const profiles = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const [profile] = profiles.sort((a, b) => b.length - a.length);
  const kernels = JSON.parse(profile).filter(
    ({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'),
  );
  const perRun = kernels.length / (repeats + 1);
  const byOperator = new Map();
  for (let node = 0; node < perRun; node++) {
    const runs = Array.from({ length: repeats }, (_, i) => kernels[(i + 1) * perRun + node]); // the first run allocates
    const operator = runs[0].args.op_name;
    const found = byOperator.get(operator) ?? { count: 0, milliseconds: 0 };
    found.count++;
    found.milliseconds += Math.min(...runs.map(({ dur }) => dur)) / 1000;
    byOperator.set(operator, found);
  }
  const rows = [...byOperator].sort(([, a], [, b]) => b.milliseconds - a.milliseconds);
  const total = rows.reduce((sum, [, { milliseconds }]) => sum + milliseconds, 0);
  console.log('| operator | calls | ms | share |\n|---|--:|--:|--:|');
  for (const [operator, { count, milliseconds }] of rows) {
    const share = ((100 * milliseconds) / total).toFixed(1);
    console.log(`| ${operator} | ${count} | ${milliseconds.toFixed(1)} | ${share} % |`);
  }
  console.log(`| all | ${perRun} | ${total.toFixed(1)} | |`);
}
