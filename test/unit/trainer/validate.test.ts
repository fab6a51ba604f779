import type { Dequantisation } from '@glow-onnx/flow';
import type { Metrics } from '../../../packages/trainer/src/folder/metrics.js';
import { atStart } from '../../../packages/trainer/src/run/counters.js';
import type { RunState } from '../../../packages/trainer/src/run/training-run.js';
import { concludeEpoch } from '../../../packages/trainer/src/run/validate.js';
import { defaultSettings } from '../../../packages/trainer/src/settings/settings.js';

/** What a run with variational dequantisation logs and keeps of two images with these scores. */
async function validated(scores: Record<Dequantisation, number[]>) {
  const lines: Metrics[] = [];
  async function* validation() {
    yield {};
  }
  const state = {
    run: {
      engine: { evaluate: async (_: unknown, bound: Dequantisation) => scores[bound] },
      batches: { validation, stepsPerEpoch: 10 },
      settings: { ...defaultSettings, dequantisation: 'variational' },
      folder: { path: 'run', saveBest: async () => {} },
    },
    counters: { ...atStart, step: 10, epoch: 1, images: 80 },
    scores: undefined as RunState['scores'],
    isInterrupted: async () => false,
    checkpoint: async () => ({}),
    save: async () => {},
    log: async (line: Metrics) => lines.push(line),
    progress: () => ({}),
  };
  await concludeEpoch(state as unknown as RunState);
  return { lines, scores: state.scores, best: state.counters.best };
}

test('a run goes on without the bound that it does not train, if that is not finite', async () => {
  const found = await validated({ uniform: [4, Number.POSITIVE_INFINITY], variational: [2, 3] });
  expect(found).toEqual({
    lines: [{ step: 10, epoch: 1, images: 80, validationBitsPerDimVariational: 2.5 }],
    scores: { variational: Float64Array.of(2, 3) },
    best: 2.5,
  });
});

test('a run ends by the bound that it trains, with its figure', async () => {
  await expect(validated({ uniform: [4, 5], variational: [2, Number.NaN] })).rejects.toThrow(
    'training: not finite after 10 steps (bitsPerDim NaN)',
  );
});
