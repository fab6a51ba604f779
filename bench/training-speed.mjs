import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import { datasetFrom, train } from '@glow-onnx/trainer';
import { median, wallTime } from './models.mjs';

/** Images/s of training from scratch, by the median of the steps that fit; NaN if not even a second one did. */
export async function trainingSpeed({
  config,
  batch,
  seconds,
  device = 'wasm',
  threads = availableParallelism(),
  clock = wallTime,
}) {
  const out = await mkdtemp(join(tmpdir(), 'glow-bench-'));
  const durations = []; // of steps, the first left out: it initialises
  let before;
  try {
    await train({
      start: { config },
      data: await noise(config, 40 * batch),
      out,
      force: true,
      settings: { batch, epochs: 1000, valFraction: 1 / (40 * batch) },
      device,
      threads,
      timeBudgetMinutes: seconds / 60,
      onProgress({ phase, step }) {
        const now = clock();
        if (phase === 'training' && step > 1 && before !== undefined) durations.push(now - before);
        before = now;
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
