// Images/s of one model on one device: prints a line of JSON for each. A process of gpu.mjs, which passes { device, tf32,
// rehearse, model, folder, seconds, training }: the place of the model in the cases, and its exported folder.
import { join } from 'node:path';
import { latentShapes } from '@glow-onnx/flow/internal';
import { loadGlow } from '@glow-onnx/runtime';
import { openSession } from '@glow-onnx/runtime/session';
import { median, noise } from '../models.mjs';
import { trainingSpeed } from '../training-speed.mjs';
import { speedCases } from './cases.mjs';

const { device, tf32, rehearse, model, folder, seconds, training } = JSON.parse(process.argv[2]);
const { config, batches, trainBatch } = speedCases(rehearse)[model];
const { channels, height, width } = config;
const allowed = tf32 ? { allowTf32: true } : {};

if (training) {
  const engine = { engine: 'onnxruntime', device };
  const imagesPerSecond = await trainingSpeed({ config, batch: trainBatch, seconds, ...engine });
  print('training step', trainBatch, imagesPerSecond);
} else {
  await inference();
}
process.exit();

/** Bare runs, from and to the memory of the host; then the SDK's own calls. */
async function inference() {
  for (const direction of ['encode', 'decode']) {
    const session = await openSession({ model: join(folder, `onnx/${direction}.onnx`), device, ...allowed });
    for (const batch of batches) {
      const feeds = feedsOf(direction, batch);
      await measure(direction, batch, () => session.run(feeds));
    }
    await session.release();
  }
  const glow = await loadGlow(folder, { device, selfTest: false, ...allowed });
  for (const batch of batches) {
    const { data } = noise([batch, channels, height, width], 1);
    const size = channels * height * width;
    const images = Array.from({ length: batch }, (_, i) => ({
      shape: [channels, height, width],
      data: data.slice(i * size, (i + 1) * size),
    }));
    await measure('gradient', batch, () => glow.logProbGradient(images));
    await measure('encode by the SDK', batch, () => glow.encode(images));
  }
}

function feedsOf(direction, batch) {
  const plain = ({ dims, data }) => ({ shape: dims, data });
  if (direction === 'encode') return { x: plain(noise([batch, channels, height, width], 1)) };
  const latents = latentShapes(config, batch, height, width).map((shape) => plain(noise(shape, 1)));
  return Object.fromEntries(latents.map((z, l) => [`z${l}`, z]));
}

/** By the median of the runs that fit, at least three after one that warms up. */
async function measure(what, batch, run) {
  await run();
  const times = [];
  const end = performance.now() + 1000 * seconds;
  while (times.length < 3 || performance.now() < end) {
    const start = performance.now();
    await run();
    times.push((performance.now() - start) / 1000);
  }
  print(what, batch, batch / median(times));
}

function print(what, batch, imagesPerSecond) {
  console.log(JSON.stringify({ what, batch, imagesPerSecond }));
}
