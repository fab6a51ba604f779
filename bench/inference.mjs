// The SDK on a model folder: images/s, what it costs over a bare session.run, loading, memory.
//   node bench/inference.mjs [--seconds 5] [--one-thread] [--model models/pixel-faces] [--json]
// --seconds of measuring per row; --one-thread by the processor time of one thread, for a machine with other work on it.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadGlow } from '@glow-onnx/runtime';
import { openSession } from '@glow-onnx/runtime/session';
import { Tensor } from 'onnxruntime-node';
// Its inside: the steps before and after a run.
import { fromModel, toModel } from '../packages/runtime/dist/pictures/images.js';
import { interleave, machine, median, processorTime, wallTime } from './models.mjs';
import { inferenceReport } from './reports.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    'one-thread': { type: 'boolean', default: false },
    model: { type: 'string', default: 'models/pixel-faces' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const [clock, threads] = values['one-thread'] ? [processorTime, { threads: 1 }] : [wallTime, {}];
const folder = values.model;
const megabytes = () => Math.round(process.memoryUsage().rss / 1e6);
const before = megabytes();

const { loads, memory } = await loadingAndMemory();

const [encoder, decoder] = await Promise.all([open('encode'), open('decode')]);
const glow = await loadGlow(folder, { device: 'cpu', ...threads });
const { bits, levels, channels, height, width } = glow.config;
const images = await glow.sample({ count: 256, seed: 1 });
const measured = { loads, memory, speeds: await speeds(), overheads: await overheads() };
const result = { machine: machine(), model: folder, ...measured };
console.log(values.json ? JSON.stringify(result) : inferenceReport(result));
await Promise.all([glow.dispose(), encoder.release(), decoder.release()]);

function open(name) {
  return openSession({ model: `${folder}/onnx/${name}.onnx`, device: 'cpu', ...threads });
}

async function loadingAndMemory() {
  const rows = [];
  for (const [what, options] of [
    ['with self-test', { cache: false }],
    ['self-test switched off', { selfTest: false }],
  ]) {
    const times = [];
    for (let i = 0; i < 5; i++) {
      const started = performance.now();
      const model = await loadGlow(folder, { device: 'cpu', ...options });
      const loaded = performance.now();
      const { z } = await model.encode(await oneImage());
      await model.decode(z);
      times.push([loaded - started, performance.now() - loaded]);
      await model.dispose();
    }
    const ms = (column) => median(times.map((time) => time[column]));
    rows.push({ what, load: ms(0), first: ms(1) });
  }
  const weights = (await readFile(`${folder}/onnx/weights.bin`)).length / 1e6;
  return { loads: rows, memory: [before, megabytes(), weights] };
}

async function oneImage() {
  const { height, width, channels } = JSON.parse(await readFile(`${folder}/config.json`, 'utf8'));
  return { data: new Uint8Array(height * width * channels).fill(128), height, width, channels };
}

/** Everything included, by the median run. */
async function speeds() {
  const rows = [];
  for (const count of [1, 16, 64, 256]) {
    const batch = images.slice(0, count);
    const { z } = await glow.encode(batch);
    const rounds = await interleave([() => glow.encode(batch), () => glow.decode(z)], seconds, clock);
    const speed = (run) => (1000 * count) / median(rounds.map((times) => times[run]));
    rows.push({ count, encode: speed(0), decode: speed(1) });
  }
  return rows;
}

/**
 * In turns: a bare run on tensors that are ready, the SDK's call, and a bare run with the SDK's conversion of pixels
 * beside it. The overhead is what the call takes beyond the last. (Converting alone would be faster than it is in use:
 * a run leaves nothing of it in the processor's caches.)
 */
async function overheads() {
  const rows = [];
  for (const count of [1, 16]) {
    const batch = images.slice(0, count);
    const { z } = await glow.encode(batch);
    const converted = batch.map((image) => toModel(image, bits, () => 0.5));
    const x = tensorOf(
      converted.map((image) => image.x),
      [channels, height, width],
    );
    const latents = Object.fromEntries(
      Array.from({ length: levels }, (_, level) => [
        `z${level}`,
        tensorOf(
          z.map((each) => each.levels[level].data),
          z[0].levels[level].shape,
        ),
      ]),
    );
    const passes = {
      encode: [
        () => encoder.session.run({ x }),
        () => glow.encode(batch),
        () => {
          for (const image of batch) toModel(image, bits, () => 0.5);
          return encoder.session.run({ x });
        },
      ],
      decode: [
        () => decoder.session.run(latents),
        () => glow.decode(z),
        async () => {
          await decoder.session.run(latents);
          for (const image of converted) fromModel(image, bits);
        },
      ],
    };
    for (const [pass, runs] of Object.entries(passes)) {
      // Many runs to a turn: a few alone would measure code that is not compiled yet.
      const times = Math.ceil(32 / count);
      const rounds = await interleave(
        runs.map((run) => () => repeat(run, times)),
        seconds,
        clock,
      );
      const of = (value) => median(rounds.map(value)) / times;
      const beyond = of(([, call, both]) => call - both);
      const [bare, pixels] = [of(([time]) => time), of(([alone, , both]) => both - alone)];
      rows.push({ pass, batch: count, bare, pixels, beyond });
    }
  }
  return rows;
}

async function repeat(run, times) {
  for (let i = 0; i < times; i++) await run();
}

function tensorOf(parts, shape) {
  const data = new Float32Array(parts.length * parts[0].length);
  for (const [i, part] of parts.entries()) data.set(part, i * part.length);
  return new Tensor('float32', data, [parts.length, ...shape]);
}
