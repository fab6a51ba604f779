import { type Progress, type TrainOptions, train } from '@glow-onnx/trainer';
import {
  clockOfRuns,
  ramps,
  rampsConfig,
  readCheckpoint,
  readMetrics,
  temporaryRuns,
  tinySettings,
} from '../../support/training.js';
import { tinyRun as base, vector } from './tiny-run.js';

const runAt = temporaryRuns();
const pass = clockOfRuns();

test.each([
  ['after an epoch', { stopAfter: undefined, epochs: 1, optimizer: 'adam' }],
  ['in the middle of one', { stopAfter: 3, epochs: 3, optimizer: 'adam' }],
  ['in the middle of one, with Muon,', { stopAfter: 3, epochs: 3, optimizer: 'muon' }],
] as const)('a run resumed %s ends exactly where a straight one does', async (name, change) => {
  const { stopAfter, epochs, optimizer } = change;
  const settings = { ...tinySettings, epochs: 3, optimizer };
  const straight = runAt(`straight ${name}`);
  await train({ ...base, out: straight, settings });

  const resumed = runAt(`resumed ${name}`);
  const interrupt = new AbortController();
  const first = await train({
    ...base,
    out: resumed,
    settings: { ...settings, epochs },
    signal: interrupt.signal,
    onProgress: ({ step }) => {
      if (step === stopAfter) interrupt.abort();
    },
  });
  expect(first.steps).toBe(stopAfter ?? 5);
  const second = await train({ ...base, out: resumed, start: 'resume', settings: { epochs: 3 } });
  expect(second.steps).toBe(15);

  const [a, b] = await Promise.all([straight, resumed].map((run) => readCheckpoint(run, 'last')));
  expect(vector(b.params.trainable)).toEqual(vector(a.params.trainable));
  expect(vector(a.ema)).toHaveLength(vector(a.params.trainable).length);
  expect(vector(b.ema)).toEqual(vector(a.ema));
  expect(vector(b.optimizer?.m)).toEqual(vector(a.optimizer?.m));
  expect(vector(b.optimizer?.v)).toEqual(vector(a.optimizer?.v));
  const scores = async (run: string) =>
    (await readMetrics(run)).filter((line) => 'validationBitsPerDim' in line && line.step % 5 === 0);
  expect(await scores(resumed)).toEqual(await scores(straight));
});

test('a run that is interrupted and resumed loses patience after as many epochs', async () => {
  const out = runAt('patience');
  // Steps too small to change a float32: no validation is better than the first.
  const settings = { ...tinySettings, epochs: 9, rate: 1e-30, patience: 2 };
  const interrupt = new AbortController();
  const interrupted = await train({
    ...{ ...base, out, settings, signal: interrupt.signal },
    onProgress: ({ step }) => step === 1 && interrupt.abort(),
  });
  expect(interrupted).toMatchObject({ ended: 'signal', steps: 1 });
  const resumed = { ...base, out, start: 'resume' } as const;
  expect(await train({ ...resumed, settings: {} })).toMatchObject({ ended: 'patience', epochs: 2 });
  const more = await train({ ...resumed, settings: { patience: 3 } });
  expect(more).toMatchObject({ ended: 'patience', epochs: 3 });
});

describe('a run with a time budget', () => {
  /** Trains for two steps, the first of which takes some minutes, or until the run ends itself. */
  const piece = async (out: string, minutes: number, options: Partial<TrainOptions>) => {
    const interrupt = new AbortController();
    let steps = 0;
    const onProgress = ({ phase }: Progress): void => {
      if (phase !== 'training') return;
      if (++steps === 1) pass(minutes);
      else interrupt.abort();
    };
    const { signal } = interrupt;
    return train({ ...base, out, start: 'resume', settings: {}, onProgress, signal, ...options });
  };
  const start = { config: rampsConfig };
  const settings = {
    ...tinySettings,
    ...({ warmup: 0, rate: 1e-3, epochs: 999, schedule: 'cosine', timeBudgetMinutes: 300 } as const),
  };

  test('in pieces goes on where its schedule was, and ends when all of its time is used up', async () => {
    const out = runAt('pieces');
    expect(await piece(out, 100, { start, settings })).toMatchObject({ ended: 'signal', steps: 2 });
    expect(await piece(out, 100, {})).toMatchObject({ ended: 'signal', steps: 4 });
    const rates = (await readMetrics(out)).flatMap(({ rate }) => (rate === undefined ? [] : [rate]));
    // After a third and two thirds of the time; the minutes of this test itself are few.
    expect(rates[0]).toBeCloseTo(1e-3 * Math.cos(Math.PI / 6) ** 2, 5);
    expect(rates[1]).toBeCloseTo(1e-3 * Math.cos(Math.PI / 3) ** 2, 5);
    expect(await piece(out, 100, {})).toMatchObject({ ended: 'time', steps: 5 });
    // Its time is used up: another call changes nothing.
    expect(await piece(out, 0, {})).toMatchObject({ ended: 'time', steps: 5 });
  });

  test('says that its rate rises when it is made longer', async () => {
    const out = runAt('longer');
    await piece(out, 300, { start, settings });
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    await piece(out, 0, { settings: { timeBudgetMinutes: 1e6 }, onWarning });
    expect(warnings).toEqual([
      expect.stringMatching(/^the learning rate rises from 0 to 0.001: the run is longer/),
    ]);
    await piece(out, 0, { onWarning });
    expect(warnings).toHaveLength(1);
  });
});

test('a run started from a checkpoint begins where that one was', async () => {
  const out = runAt('first');
  const first = await train({ ...base, out });
  const init = await readCheckpoint(out, 'best');
  const second = await train({ ...base, out: runAt('second'), start: { init } });
  expect(second.bitsPerDim.before).toBeCloseTo(first.bitsPerDim.best, 12);
});

test('resuming on other data is refused', async () => {
  const out = runAt('other-data');
  await train({ ...base, out });
  await expect(train({ ...base, out, start: 'resume', data: ramps(60) })).rejects.toThrow(
    'ramps has count 60, but the run started with count 50',
  );
});

test.each([
  ['batch', { batch: 4 }],
  ['seed', { seed: 4 }],
  ['valFraction', { valFraction: 0.3 }],
  ['labels', { labels: 'way' }],
  ['optimizer', { optimizer: 'adamax' }],
] as const)('a run does not go on with another %s', async (name, change) => {
  const out = runAt(`other ${name}`);
  await train({ ...base, out, settings: { ...tinySettings, epochs: 1 } });
  const before = await readCheckpoint(out, 'last');
  const settings = { epochs: 2, ...change };
  await expect(train({ ...base, out, start: 'resume', settings })).rejects.toThrow(
    new RegExp(`settings: ${name} must stay .*, the value that the run started with, got`),
  );
  expect(await readCheckpoint(out, 'last')).toEqual(before);
});

test('two trainings are not let into one folder, and the second harms nothing', async () => {
  const out = runAt('two');
  let second: Promise<unknown> = Promise.resolve();
  const onProgress = ({ step }: Progress) => {
    if (step === 3) second = train({ ...base, out, force: true }).catch((error: Error) => error.message);
  };
  const first = await train({ ...base, out, onProgress });
  expect(await second).toMatch(/two is in use: process \d+ trains in it/);
  expect(first.steps).toBe(10);
  expect((await readCheckpoint(out, 'last')).progress?.step).toBe(10);
  await train({ ...base, out, start: 'resume', settings: { epochs: 3 } });
});
