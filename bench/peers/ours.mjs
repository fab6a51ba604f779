// Our side of pytorch.py, which calls this: makes a checkpoint, exports it, times it, prints JSON.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportModel } from '@glow-onnx/exporter';
import { encodeCheckpoint, latentShapes } from '@glow-onnx/flow';
import {
  machine,
  median,
  models,
  noise,
  openModel,
  processorTime,
  randomCheckpoint,
  wallTime,
} from '../models.mjs';
import { trainingSpeed } from '../training-speed.mjs';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    model: { type: 'string' },
    batch: { type: 'string' },
    'train-batch': { type: 'string' },
    seconds: { type: 'string' },
    'one-thread': { type: 'boolean', default: false },
  },
});
const { name, config } = models.find((model) => model.name.includes(values.model));
const seconds = Number(values.seconds);
const clock = values['one-thread'] ? processorTime : wallTime;
const threads = values['one-thread'] ? 1 : availableParallelism();
const checkpoint = join(values.out, 'best.safetensors');
const folder = join(values.out, 'model');
const start = randomCheckpoint(config);
writeFileSync(checkpoint, encodeCheckpoint(start));
await exportModel(start, { out: folder });

const speeds = [];
for (const direction of ['encode', 'decode']) {
  const session = await openModel(join(folder, `onnx/${direction}.onnx`), threads);
  for (const batch of values.batch.split(',').map(Number)) {
    const latents = latentShapes(config, batch, config.height, config.width).map((shape) => noise(shape, 1));
    const feeds =
      direction === 'encode'
        ? { x: noise([batch, config.channels, config.height, config.width], 1) }
        : Object.fromEntries(latents.map((z, l) => [`z${l}`, z]));
    speeds.push({
      pass: direction,
      batch,
      imagesPerSecond: await speed(batch, () => session.run(feeds)),
    });
  }
  await session.release();
}
const batch = Number(values['train-batch']);
const imagesPerSecond = await trainingSpeed({ config, batch, seconds: 4 * seconds, threads, clock });
speeds.push({ pass: 'training step', batch, imagesPerSecond });
console.log(JSON.stringify({ machine: machine(), model: name, checkpoint, folder, speeds }));

/** Images/s by the median of runs, at least three, after two to warm up. */
async function speed(count, run) {
  await run();
  await run();
  const durations = [];
  const end = performance.now() + 1000 * seconds;
  while (durations.length < 3 || performance.now() < end) {
    const started = clock();
    await run();
    durations.push(clock() - started);
  }
  return (1000 * count) / median(durations);
}
