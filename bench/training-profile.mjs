// What each operator of a training step on ONNX Runtime takes, with one thread and with two:
//
//     node bench/training-profile.mjs [--channels 3] [--steps 8] [--hidden 128] [--batch 32] [--threads 1,2] [--json]
//
// The matrix products (Gemm) are the floor.
import { parseArgs } from 'node:util';
import { createConfig, createGlow, createRandom } from '@glow-onnx/flow';
import ort from 'onnxruntime-node';
import { flatten, parameterLayout } from '../packages/trainer/dist/engine/parameters.js';
import { openOnnxRuntimeDifferentiator } from '../packages/trainer/dist/onnxruntime/onnxruntime-differentiator.js';
import { machine, randomCheckpoint } from './models.mjs';
import { operatorTimes } from './operator-times.mjs';
import { trainingProfileReport } from './reports.mjs';

const { values } = parseArgs({
  options: {
    channels: { type: 'string', default: '3' },
    steps: { type: 'string', default: '8' },
    hidden: { type: 'string', default: '128' },
    batch: { type: 'string', default: '32' },
    threads: { type: 'string', default: '1,2' },
    json: { type: 'boolean', default: false },
  },
});
const [channels, steps, hiddenChannels, count] = ['channels', 'steps', 'hidden', 'batch'].map((name) =>
  Number(values[name]),
);
const config = createConfig({ channels, height: 32, width: 32, levels: 3, steps, hiddenChannels, bits: 5 });
const glow = createGlow(config);
const { params } = randomCheckpoint(config);
const layout = parameterLayout(glow);
const parameters = flatten(layout, params.trainable);
const random = createRandom(1);
const x = Float32Array.from({ length: count * 1024 * channels }, () => random.uniform() - 0.5);
const { create } = ort.InferenceSession;

const columns = [];
for (const threads of values.threads.split(',').map(Number)) {
  const times = await operatorTimes(async (profiling, repeats) => {
    // The runtime opens sessions by itself; of its smallest graph, by which it tries a device, the profile is short.
    ort.InferenceSession.create = (model, options) => create(model, { ...options, ...profiling });
    const differentiator = await openOnnxRuntimeDifferentiator(glow, params.fixed, {
      ...{ device: 'cpu', threads, count },
    });
    for (let i = 0; i <= repeats; i++) await differentiator.gradient(parameters, { count, x });
    await differentiator.dispose();
  });
  columns.push({ name: threads === 1 ? '1 thread' : `${threads} threads`, times });
}
const model = `${channels}×32×32, L=3, K=${steps}, hidden ${hiddenChannels}, batch ${count}`;
const result = { machine: machine(), model, parameters: layout.size, columns };
console.log(values.json ? JSON.stringify(result) : trainingProfileReport(result));
