import { createGlow, initialParams } from '@glow-onnx/flow';
import { assembleEngine } from '../../../packages/trainer/src/assembly/assemble-engine.js';
import { atStart, parseCounters } from '../../../packages/trainer/src/run/counters.js';
import { toCheckpoint, type ValidationScores } from '../../../packages/trainer/src/run/run-checkpoint.js';
import { defaultSettings, type TrainSettings } from '../../../packages/trainer/src/settings/settings.js';
import { ramps, rampsConfig } from '../../support/training.js';

/** What a checkpoint says of a run with these scores. */
async function trainingOf(scores: ValidationScores | undefined, settings: Partial<TrainSettings> = {}) {
  const { trainable, fixed } = initialParams(createGlow(rampsConfig), 1);
  const never = async (): Promise<never> => {
    throw new Error('nothing is computed here');
  };
  const computing = {
    description: '',
    initialise: never,
    gradient: never,
    evaluate: never,
    orthogonalise: never,
  };
  const engine = await assembleEngine(
    createGlow(rampsConfig),
    { initial: trainable },
    { ...computing, dispose: async () => {} },
    defaultSettings,
  );
  const run = { config: rampsConfig, fixed, data: ramps(), trainingImages: 10 };
  const facts = { ...run, settings: { ...defaultSettings, ...settings } };
  return (await toCheckpoint(facts, engine, { ...atStart, before: 2, best: 2 }, scores)).training;
}

test('a histogram counts every validation image, however many there are', async () => {
  const count = 300_000;
  const scores = { uniform: Float64Array.from({ length: count }, (_, i) => 1 + i / (count - 1)) };
  const training = await trainingOf(scores);
  expect(training?.histogram).toEqual({ from: 1, to: 2, counts: Array(32).fill(count / 32), draws: 1 });
});

test('a checkpoint names its dequantisation also before its first validation, and scores of the bounds there are', async () => {
  const variational = { dequantisation: 'variational' } as const;
  expect(await trainingOf(undefined, variational)).toMatchObject(variational);
  expect(await trainingOf(undefined)).not.toHaveProperty('dequantisation');
  const training = await trainingOf({ variational: Float64Array.of(1, 2) }, variational);
  expect(training).toMatchObject({ variationalBitsPerDim: 1.5 });
  expect(training).not.toHaveProperty('bitsPerDim');
  expect(training).not.toHaveProperty('histogram');
});

describe('the counters in a checkpoint', () => {
  const { stale: _, ...old } = { ...atStart, before: 2, best: 2 };

  test('of an older version are completed', () => {
    expect(parseCounters(old as never)).toEqual({ ...atStart, before: 2, best: 2 });
  });

  test.each([
    ['step', -5, 'an integer of at least 0, got -5'],
    ['step', 'x', 'an integer of at least 0, got "x"'],
    ['epoch', 1e300, 'an integer of at least 0, got 1e+300'],
    ['images', 1.5, 'an integer of at least 0, got 1.5'],
    ['best', null, 'a number, got null'],
    ['rateFactor', -1, 'a number from 0 to 1, got -1'],
    ['recentNorms', null, 'a list of numbers, got null'],
    ['recentNorms', [1, 'x'], 'a list of numbers, got [1,"x"]'],
  ])('are refused where %s is %p', (name, value, message) => {
    const counters = { ...old, [name]: value } as never;
    expect(() => parseCounters(counters)).toThrow(`checkpoint: counters: ${name} must be ${message}`);
  });
});
