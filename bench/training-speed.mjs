import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import { datasetFrom, train } from '@glow-onnx/trainer';
import { median, wallTime } from './models.mjs';

/** Images/s of training from scratch, by the median of the steps that fit, at least three after the first. */
export async function trainingSpeed({
  config,
  batch,
  seconds,
  engine = 'tfjs',
  device = 'wasm',
  threads = availableParallelism(),
  clock = wallTime,
}) {
  const out = await mkdtemp(join(tmpdir(), 'glow-bench-'));
  const durations = []; // of steps, the first left out: it initialises
  const enough = new AbortController();
  let before;
  let end;
  try {
    await train({
      start: { config },
      data: await noise(config, 40 * batch),
      out,
      force: true,
      settings: { batch, epochs: 1000, valFraction: 1 / (40 * batch), ema: 0 }, // the others average nothing
      engine,
      device,
      threads,
      signal: enough.signal,
      onProgress({ phase, step }) {
        const now = clock();
        if (phase === 'training' && step > 1) durations.push(now - before);
        before = now;
        if (phase === 'training') end ??= wallTime() + 1000 * seconds;
        if (durations.length >= 3 && wallTime() > end) enough.abort();
      },
    });
  } finally {
    await rm(out, { recursive: true });
  }
  return (1000 * batch) / median(durations);
}

/** Pictures of noise: speed does not depend on what they show. */
function noise({ channels, height, width }, count) {
  const random = createRandom(1);
  const data = Uint8Array.from({ length: channels * height * width }, () => random.below(256));
  return datasetFrom(
    Array.from({ length: count }, () => ({ data, channels, height, width })),
    { name: 'noise' },
  );
}
