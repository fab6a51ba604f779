/**
 * Trains a tiny model for some steps in a process of its own, because a driver is chosen by environment variables that
 * are read once, and prints the loss of each as a JSON array.
 *
 *     node losses-process.mjs tfjs webgpu 15
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConfig, createRandom } from '@glow-onnx/flow';
import { datasetFrom, train } from '@glow-onnx/trainer';

/** Grey ramps of random slope with a little noise. */
function* ramps(count) {
  const { uniform } = createRandom(11);
  for (let i = 0; i < count; i++) {
    const slope = 10 + 20 * uniform();
    const data = Uint8Array.from({ length: 64 }, (_, at) => Math.min(255, slope * (at % 8) + 8 * uniform()));
    yield { data, channels: 1, height: 8, width: 8 };
  }
}

const [engine, device, steps] = process.argv.slice(2);
const config = { channels: 1, height: 8, width: 8, levels: 2, steps: 1, hiddenChannels: 8, bits: 5 };
const losses = [];
const enough = new AbortController();
const out = await mkdtemp(join(tmpdir(), 'glow-losses-'));
try {
  await train({
    start: { config: createConfig(config) },
    data: await datasetFrom(ramps(404), { name: 'ramps' }),
    out,
    engine,
    device,
    threads: 1,
    settings: { epochs: 1, batch: 8, valFraction: 0.01, rate: 5e-3, warmup: 4, seed: 3 },
    signal: enough.signal,
    onProgress({ phase, bitsPerDim }) {
      if (phase === 'training') losses.push(bitsPerDim);
      if (losses.length === Number(steps)) enough.abort();
    },
  });
} finally {
  await rm(out, { recursive: true });
}
console.log(JSON.stringify(losses));
