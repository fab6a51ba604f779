// Our side of pytorch.py, which calls this: makes a checkpoint, exports it, and then times what each line of stdin asks for.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { exportModel } from '@glow-onnx/exporter';
import { encodeCheckpoint } from '@glow-onnx/flow';
import { latentShapes } from '@glow-onnx/flow/internal';
import { machine, models, noise, openModel, processorTime, randomCheckpoint, wallTime } from '../models.mjs';
import { trainingSpeed } from '../training-speed.mjs';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    model: { type: 'string' },
    'one-thread': { type: 'boolean', default: false },
  },
});
const { name, config } = models.find((model) => model.name.includes(values.model));
const clock = values['one-thread'] ? processorTime : wallTime;
const threads = values['one-thread'] ? 1 : availableParallelism();
const checkpoint = join(values.out, 'best.safetensors');
const folder = join(values.out, 'model');
const start = randomCheckpoint(config);
writeFileSync(checkpoint, encodeCheckpoint(start));
await exportModel(start, { out: folder });
answer({ machine: machine(), model: name, checkpoint, folder });

const sessions = {};
for await (const line of createInterface({ input: process.stdin })) {
  const { direction, batch, trainBatch, seconds } = JSON.parse(line);
  if (trainBatch) {
    const engine = { engine: 'onnxruntime', device: 'cpu', threads };
    answer({
      imagesPerSecond: await trainingSpeed({ config, batch: trainBatch, seconds, clock, ...engine }),
    });
  } else {
    sessions[direction] ??= await openModel(join(folder, `onnx/${direction}.onnx`), threads);
    const feeds = feedsOf(direction, batch);
    answer({ durations: await durations(() => sessions[direction].run(feeds), seconds) });
  }
}

function answer(value) {
  console.log(JSON.stringify(value));
}

function feedsOf(direction, batch) {
  const { channels, height, width } = config;
  if (direction === 'encode') return { x: noise([batch, channels, height, width], 1) };
  const latents = latentShapes(config, batch, height, width).map((shape) => noise(shape, 1));
  return Object.fromEntries(latents.map((z, l) => [`z${l}`, z]));
}

/** Seconds of each run, at least one, as many as fit. */
async function durations(run, seconds) {
  const found = [];
  const end = performance.now() + 1000 * seconds;
  while (found.length === 0 || performance.now() < end) {
    const started = clock();
    await run();
    found.push((clock() - started) / 1000);
  }
  return found;
}
