import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FloatTensor } from '@glow-onnx/runtime/session';
import type { Batch } from '../../../packages/trainer/src/engine/batch.js';
import type { Differentiator } from '../../../packages/trainer/src/engine/differentiator.js';
import { acrossRanks } from '../../../packages/trainer/src/ranks/across-ranks.js';
import { type TrainOptions, train } from '../../../packages/trainer/src/run/train.js';
import { ranksInProcess } from '../../support/ranks-in-process.js';
import {
  clockOfRuns,
  ramps,
  rampsConfig,
  readMetrics,
  temporaryRuns,
  tinySettings,
} from '../../support/training.js';

const runAt = temporaryRuns();
const pass = clockOfRuns();
const data = ramps();
const cpu = { engine: 'onnxruntime', device: 'cpu', threads: 1 } as const;

/** Trains with some ranks, whose options `of` changes. @returns the outcome of each. */
function trainOnRanks(size: number, out: string, of: (rank: number) => Partial<TrainOptions> = () => ({})) {
  return Promise.allSettled(
    ranksInProcess(size).map((ranks) =>
      train({
        ...{ start: { config: rampsConfig }, data, out, settings: tinySettings, ranks },
        ...cpu,
        ...of(ranks.rank),
      }),
    ),
  );
}

/** The lines of metrics.jsonl without speeds. */
async function decided(run: string) {
  return (await readMetrics(run)).map(({ imagesPerSecond, waiting, ...line }) => line);
}

/** All numbers of a checkpoint, without its metadata, which tell the time. */
async function tensorsOf(run: string, name: string): Promise<string> {
  const bytes = await readFile(join(run, `${name}.safetensors`));
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0))).toString('base64');
}

test.each([2, 4])('%d ranks train to the bit what one process trains in as many parts', async (size) => {
  // Of ten held-out images, the last batch has two: with four ranks, two have nothing to validate.
  const [one, many] = [runAt(`one ${size}`), runAt(`many ${size}`)];
  await train({
    ...{ start: { config: rampsConfig }, data, out: one, ...cpu },
    settings: { ...tinySettings, accumulate: size },
  });
  const outcomes = await trainOnRanks(size, many);
  expect(outcomes.map(({ status }) => status)).toEqual(Array(size).fill('fulfilled'));
  for (const name of ['last', 'best', 'previous']) {
    expect((await tensorsOf(many, name)) === (await tensorsOf(one, name))).toBe(true);
  }
  expect(await decided(many)).toEqual(await decided(one));
});

test('an interruption of one rank ends all after the same step, and the run goes on from there', async () => {
  const [whole, out] = [runAt('whole'), runAt('interrupted')];
  await trainOnRanks(2, whole);
  const interrupt = new AbortController();
  const steps: number[][] = [[], []];
  const outcomes = await trainOnRanks(2, out, (rank) => ({
    ...(rank === 1 && { signal: interrupt.signal }),
    onProgress: ({ phase, step }) => {
      if (phase === 'training') steps[rank].push(step);
      if (rank === 1 && step === 3) interrupt.abort();
    },
  }));
  expect(outcomes).toMatchObject(Array(2).fill({ value: { ended: 'signal', steps: 3 } }));
  expect(steps).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  await trainOnRanks(2, out, () => ({ start: 'resume', settings: {} }));
  expect((await tensorsOf(out, 'last')) === (await tensorsOf(whole, 'last'))).toBe(true);
});

test('the time of the rank whose time is up first is up for all', async () => {
  const settings = { ...tinySettings, epochs: 1000, schedule: 'cosine', timeBudgetMinutes: 60 } as const;
  let arrived = 0;
  const outcomes = await trainOnRanks(2, runAt('time'), () => ({
    settings,
    // The rank that comes second to the end of this step comes too late.
    onProgress: ({ phase, step }) => {
      if (phase === 'training' && step === 3 && ++arrived === 2) pass(60);
    },
  }));
  const [first, second] = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : undefined,
  );
  expect(first).toMatchObject({ ended: 'time', steps: 3 });
  expect(second).toMatchObject({
    ended: 'time',
    steps: 3,
    bitsPerDim: first?.bitsPerDim,
  });
});

test('ranks that were started differently are refused before they train', async () => {
  const outcomes = await trainOnRanks(2, runAt('differ'), (rank) => ({
    settings: { ...tinySettings, seed: 3 + rank },
  }));
  const message =
    /^train: ranks: the settings of rank \d is not the same .* the same command, version and files$/;
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ reason: { message: expect.stringMatching(message) } });
  }
});

test('--force keeps the run that is there if the ranks were started differently', async () => {
  const out = runAt('forced');
  await train({ ...{ start: { config: rampsConfig }, data, out, settings: tinySettings }, ...cpu });
  const before = await tensorsOf(out, 'best');
  const outcomes = await trainOnRanks(2, out, (rank) => ({
    force: true,
    settings: { ...tinySettings, seed: 3 + rank },
  }));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await tensorsOf(out, 'best')).toBe(before);
});

test.each([
  [
    3,
    {},
    'settings: batch must be a number of images that 3 ranks can share equally, got 8; pass a multiple',
  ],
  [
    4,
    { accumulate: 3 },
    'settings: batch must be a number of images that 4 ranks can share equally in 3 parts each, got 8',
  ],
])('a batch that %d ranks cannot share is refused (%o)', async (size, change, message) => {
  const outcomes = await trainOnRanks(size, runAt(`share ${size}`), () => ({
    settings: { ...tinySettings, ...change },
  }));
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ reason: { message: expect.stringContaining(message) } });
  }
});

test('ranks share the kernels that Muon turns, also if there are fewer than ranks', async () => {
  const turned: number[] = [];
  const local = (rank: number) => ({
    orthogonalise: async (stacks: readonly FloatTensor[]) =>
      stacks.map(({ shape, data }) => {
        turned.push(shape[0]);
        return { shape, data: data.map((x) => 10 * x + rank / 4) };
      }),
  });
  const all = ranksInProcess(3).map((ranks) =>
    acrossRanks(local(ranks.rank) as unknown as Differentiator, ranks),
  );
  const stacks = () => [
    { shape: [4, 1, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
    { shape: [1, 2, 1], data: Float32Array.of(9, 10) },
  ];
  const results = await Promise.all(all.map(({ orthogonalise }) => orthogonalise(stacks())));
  const expected = [
    { shape: [4, 1, 2], data: Float32Array.of(10, 20, 30.25, 40.25, 50.5, 60.5, 70.5, 80.5) },
    { shape: [1, 2, 1], data: Float32Array.of(90.5, 100.5) },
  ];
  expect(results).toEqual([expected, expected, expected]);
  expect(turned.sort()).toEqual([1, 1, 1, 2]);
});

test('every rank learns that one has a loss that is not finite', async () => {
  const local = (bits: number): Differentiator => ({
    description: 'constant',
    initialise: async (parameters) => parameters.map(() => bits),
    gradient: async () => ({
      gradient: Float32Array.of(bits, 1),
      bitsPerDim: Float64Array.of(bits),
      bitsPerDimLevels: [Float64Array.of(bits / 2)],
    }),
    evaluate: async (_, { count }) => new Float64Array(count).fill(bits),
    orthogonalise: async (stacks) => stacks.map(({ shape }) => ({ shape, data: Float32Array.of(bits) })),
    dispose: async () => {},
  });
  const batch: Batch = { count: 1, x: new Float32Array(1) };
  const parameters = new Float32Array(2);
  const all = ranksInProcess(2).map((ranks) => acrossRanks(local(ranks.rank === 0 ? 4 : Number.NaN), ranks));
  const results = await Promise.all(all.map((each) => each.gradient(parameters, batch)));
  for (const { bitsPerDim, bitsPerDimLevels, gradient } of results) {
    expect([bitsPerDim, bitsPerDimLevels[0]]).toEqual([
      Float64Array.of(4, Number.NaN),
      Float64Array.of(2, Number.NaN),
    ]);
    expect(gradient).toEqual(Float32Array.of(Number.NaN, 1));
  }
  const starts = await Promise.all(all.map((each) => each.initialise(parameters, batch)));
  expect(starts).toEqual([Float32Array.of(4, 4), Float32Array.of(4, 4)]);
});

test('ranks that are not ranks are refused', async () => {
  const given = 'mpi' as never;
  await expect(
    train({ start: { config: rampsConfig }, data, out: runAt('x'), ranks: given }),
  ).rejects.toThrow('train: ranks must be the ranks that openMpi gives, got "mpi"');
});
