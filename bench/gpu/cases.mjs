// What bench/gpu.mjs measures: models, the sizes of batches, and the variants whose results it checks.
import { readFileSync } from 'node:fs';
import { createConfig } from '@glow-onnx/flow';
import { models as usual } from '../models.mjs';

/** Of a rehearsal: a few seconds on a CPU, and a minute on an emulated GPU. */
const tiny = { channels: 3, height: 8, width: 8, levels: 2, steps: 2, hiddenChannels: 8, bits: 5 };

/** Models of speeds, with the batches of inference and that of training. */
export function speedCases(rehearse) {
  if (rehearse) {
    return [{ name: 'K=2, hidden 8', config: createConfig(tiny), batches: [1, 4], trainBatch: 4 }];
  }
  return usual.map(({ name, config }, i) => ({
    name,
    config,
    batches: [1, 16, 256],
    trainBatch: i === 0 ? 256 : 64,
  }));
}

/** Each choice of the config at least once: those that all tests of interpreters share. */
export function variants(rehearse) {
  const rows = JSON.parse(
    readFileSync(new URL('../../test/support/variants.json', import.meta.url), 'utf8'),
  ).map(({ name, preset, input }) => ({ name, config: createConfig({ ...tiny, ...input }, preset) }));
  return rehearse ? rows.slice(0, 3) : rows;
}
