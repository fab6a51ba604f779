// Trains 20 steps: node killed-training.mjs OUT ENGINE DEVICE new|resume [STEP], killing itself with SIGKILL after a step.
import { createConfig } from '@glow-onnx/flow';
import { datasetFrom, train } from '@glow-onnx/trainer';

const [out, engine, device, start, killAt] = process.argv.slice(2);

/** Ramps of many slopes: 80 to train on, in ten batches, and 20 to validate. */
const images = Array.from({ length: 100 }, (_, i) => ({
  data: Uint8Array.from({ length: 64 }, (_, at) => (at * (i % 13) + i) % 256),
  height: 8,
  width: 8,
  channels: 1,
}));
const model = { channels: 1, height: 8, width: 8, levels: 2, steps: 2, hiddenChannels: 8, bits: 5 };
const settings = {
  batch: 8,
  epochs: 2,
  warmup: 5,
  rate: 5e-3,
  valFraction: 0.2,
  flip: true,
  shift: 1,
  ema: 0.9,
};

await train({
  start: start === 'resume' ? 'resume' : { config: createConfig(model) },
  data: await datasetFrom(images, { name: 'ramps' }),
  settings,
  out,
  engine,
  device,
  threads: 1,
  onProgress: ({ phase, step }) => {
    if (phase === 'training' && step === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  },
});
