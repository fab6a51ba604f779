// What each operator of an exported graph takes, on one thread:
//
//     node bench/inference-profile.mjs [--batch 16] [--json]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportModel } from '@glow-onnx/exporter';
import { InferenceSession } from 'onnxruntime-node';
import { machine, models, noise, randomCheckpoint } from './models.mjs';
import { operatorTimes } from './operator-times.mjs';
import { inferenceProfileReport } from './reports.mjs';

const { values } = parseArgs({
  options: { batch: { type: 'string', default: '16' }, json: { type: 'boolean', default: false } },
});
const batch = Number(values.batch);
const [{ name, config }] = models;
const parent = mkdtempSync(join(tmpdir(), 'glow-profile-'));
const folder = join(parent, 'model');
try {
  await exportModel(randomCheckpoint(config), { out: folder });
  const x = noise([batch, config.channels, config.height, config.width], 1);
  const plain = await open('encode');
  const { log_prob, log_prob_levels, ...z } = await plain.run({ x });
  await plain.release();
  const columns = [];
  for (const [direction, feeds] of Object.entries({ encode: { x }, decode: z })) {
    const times = await operatorTimes(async (profiling, repeats) => {
      const session = await open(direction, profiling);
      for (let i = 0; i <= repeats; i++) await session.run(feeds);
      session.endProfiling();
      await session.release();
    }, 20);
    columns.push({ name: direction, times });
  }
  const result = { machine: machine(), model: name, batch, columns };
  console.log(values.json ? JSON.stringify(result) : inferenceProfileReport(result));
} finally {
  rmSync(parent, { recursive: true });
}

function open(kind, profiling = {}) {
  return InferenceSession.create(join(folder, `onnx/${kind}.onnx`), {
    ...{ executionProviders: ['cpu'], intraOpNumThreads: 1 },
    extra: { session: { set_denormal_as_zero: '1' } },
    ...profiling,
  });
}
