// Our side of pytorch.py, which calls this: makes a checkpoint, exports it, times it, prints JSON.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportModel } from '@glow-onnx/exporter';
import { createRandom, encodeCheckpoint, latentShapes } from '@glow-onnx/flow';
import { openSession } from '@glow-onnx/runtime/session';
import { machine, median, models, randomCheckpoint } from '../models.mjs';
import { trainingSpeed } from '../training-speed.mjs';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    model: { type: 'string' },
    batch: { type: 'string' },
    'train-batch': { type: 'string' },
    seconds: { type: 'string' },
  },
});
const { name, config } = models.find((model) => model.name.includes(values.model));
const seconds = Number(values.seconds);
const checkpoint = join(values.out, 'best.safetensors');
const folder = join(values.out, 'model');
const start = randomCheckpoint(config);
writeFileSync(checkpoint, encodeCheckpoint(start));
await exportModel(start, { out: folder });

const random = createRandom(1);
const noise = (shape) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.3 * random.normal()),
});
const speeds = [];
for (const direction of ['encode', 'decode']) {
  const session = await openSession({ model: join(folder, `onnx/${direction}.onnx`), device: 'cpu' });
  for (const batch of values.batch.split(',').map(Number)) {
    const latents = latentShapes(config, batch, config.height, config.width).map(noise);
    const feeds =
      direction === 'encode'
        ? { x: noise([batch, config.channels, config.height, config.width]) }
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
const imagesPerSecond = await trainingSpeed({ config, batch, seconds: 4 * seconds });
speeds.push({ pass: 'training step', batch, imagesPerSecond });
console.log(JSON.stringify({ machine: machine(), model: name, checkpoint, folder, speeds }));

/** Images/s by the median of runs, at least three, after two to warm up. */
async function speed(count, run) {
  await run();
  await run();
  const durations = [];
  const end = performance.now() + 1000 * seconds;
  while (durations.length < 3 || performance.now() < end) {
    const started = performance.now();
    await run();
    durations.push(performance.now() - started);
  }
  return (1000 * count) / median(durations);
}
