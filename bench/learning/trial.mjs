// One trial of suite.mjs, in a process of its own: trains on a fixed number of images and scores the held-out ones.
// Killed, it goes on from its last checkpoint when it is started again.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createRandom, encodeCheckpoint, parseCheckpoint } from '@glow-onnx/flow';
import { openDataset } from '@glow-onnx/trainer';
import { openEngine } from '@glow-onnx/trainer/engine';
import { pairedSpeed } from './speed.mjs';

/** What one second of one thread is: the images that the baseline trains on. Measured; the same for all trials. */
const BASELINE_IMAGES_PER_SECOND = 155;
const SAVE_SECONDS = 60;
const EVALUATED_AT_ONCE = 100;

const { out, task, baseline, speed } = JSON.parse(process.argv[2]);
/** `held`: how many of the last images of the training set are held out. Nothing is trained on them. */
const { data, trial, seed, minutes, heldOut: held } = task;
const { config, batch, learning, rate, warmup } = trial;
const path = join(out, 'last.safetensors');
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (stopped = true));

await mkdir(out, { recursive: true });
const images = await openDataset(data);
const training = images.count - held;
const saved = existsSync(path) ? parseCheckpoint(await readFile(path)) : undefined;
const state = saved?.progress.state ?? (await begin());
if (!isDeepStrictEqual(state.trial, trial)) {
  throw new Error(`learning: ${out} was begun as another trial; remove this folder`);
}
const steps = Math.max(1, Math.floor((minutes * 60 * BASELINE_IMAGES_PER_SECOND * state.speed) / batch));
const engine = await openEngine(saved ?? { config }, { ...learning, batch, seed, device: 'cpu', threads: 1 });
if (state.step === 0) await engine.initialise(await batchOf(0));

console.error(`${out}: from step ${state.step} to ${steps}`);
let savedAt = processorSeconds();
while (state.step < steps && !stopped) {
  const { applied, bitsPerDim } = await engine.step(await batchOf(state.step), rateOf(state.step));
  if (!applied) state.skipped++;
  state.recent = Number.isFinite(bitsPerDim)
    ? 0.99 * (state.recent ?? bitsPerDim) + 0.01 * bitsPerDim
    : state.recent;
  state.step++;
  if (processorSeconds() - savedAt > SAVE_SECONDS) await save();
}
if (stopped) {
  await save();
  process.exit(130);
}
console.error(`${out}: scores ${held} held-out images`);
const { uniform, variational } = await score();
await save();
await replace(
  join(out, 'result.json'),
  JSON.stringify({
    task,
    bitsPerDim: Number(uniform.toFixed(5)),
    ...(variational !== undefined && { variationalBitsPerDim: Number(variational.toFixed(5)) }),
    trainingBitsPerDim: Number(state.recent?.toFixed(5)),
    ...{ steps, images: steps * batch, skipped: state.skipped },
    speed: Number(state.speed.toFixed(3)),
    processorSeconds: Math.round(state.processorSeconds),
    parameters: Object.values((await engine.state()).trainable).reduce(
      (sum, { data }) => sum + data.length,
      0,
    ),
  }),
);
await rm(path);
process.exit(); // a session keeps threads alive

async function begin() {
  const ratio = speed ?? (await pairedSpeed(baseline, trial));
  return { trial, step: 0, skipped: 0, processorSeconds: 0, speed: ratio };
}

function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function save() {
  state.processorSeconds += processorSeconds() - savedAt;
  savedAt = processorSeconds();
  const { progress, ...checkpoint } = await engine.checkpoint();
  await replace(path, encodeCheckpoint({ ...checkpoint, progress: { ...progress, state } }));
}

async function replace(file, contents) {
  await writeFile(`${file}.part`, contents);
  await rename(`${file}.part`, file);
}

/** Linear warm-up, then half a cosine down to zero. */
function rateOf(step) {
  const rising = Math.max(1, Math.round(warmup * steps));
  if (step < rising) return (rate * (step + 1)) / rising;
  return (rate * (1 + Math.cos((Math.PI * (step - rising)) / (steps - rising)))) / 2;
}

/** The batch of a step. The order of an epoch and the noise of a step depend on the seed alone. */
async function batchOf(step) {
  const from = step * batch;
  const indices = Array.from({ length: batch }, (_, i) => placeOf(from + i));
  return dequantised(indices, createRandom(seed, 2 ** 40 + step));
}

/** The image at a position of an endless row of epochs, each a permutation of its own. */
function placeOf(position) {
  const epoch = Math.floor(position / training);
  if (placeOf.epoch !== epoch) {
    const { uniform } = createRandom(seed, 2 ** 41 + epoch);
    const order = Uint32Array.from({ length: training }, (_, i) => i);
    for (let i = training - 1; i > 0; i--) {
      const j = Math.floor(uniform() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    Object.assign(placeOf, { epoch, order });
  }
  return placeOf.order[position % training];
}

async function dequantised(indices, { uniform }) {
  const pixels = await images.batch(indices);
  return { count: indices.length, x: Float32Array.from(pixels, (pixel) => (pixel + uniform()) / 256 - 0.5) };
}

/**
 * Mean bits/dim of the held-out images: one draw of noise each, the same for all trials. By the uniform bound, and by the
 * variational bound if that is trained.
 */
async function score() {
  const { dequantisation = 'uniform' } = learning;
  const sums = Object.fromEntries(['uniform', dequantisation].map((bound) => [bound, 0]));
  for (let from = 0; from < held; from += EVALUATED_AT_ONCE) {
    const count = Math.min(EVALUATED_AT_ONCE, held - from);
    const indices = Array.from({ length: count }, (_, i) => training + from + i);
    const batch = await dequantised(indices, createRandom(1, 2 ** 42 + from));
    for (const bound of Object.keys(sums)) {
      const scores = await engine.evaluate(batch, bound);
      sums[bound] += scores.reduce((a, b) => a + b) / held;
    }
  }
  return sums;
}
