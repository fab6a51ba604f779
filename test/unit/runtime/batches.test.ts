import { type BatchPlan, defaultBatchSize, mapBatches } from '../../../packages/runtime/src/model/batches.js';

const runs: string[] = [];
beforeEach(() => {
  runs.length = 0;
});

/** Letters to capitals, equal ones together, two at a time. */
function planOf(letters: readonly string[], change: Partial<BatchPlan<string, string, string>> = {}) {
  return {
    where: 'call',
    count: letters.length,
    nameOf: (image: number) => `letters[${image}]`,
    itemsOf: (image: number) => [letters[image] as string],
    keyOf: (letter: string) => letter,
    limitOf: () => 2,
    run: async (batch: readonly string[]) => {
      runs.push(batch.join(''));
      return batch.map((letter) => letter.toUpperCase());
    },
    combine: (outcomes: readonly string[]) => outcomes.join(''),
    ...change,
  };
}

describe('mapBatches', () => {
  test('runs equal keys together and answers in the order of the items', async () => {
    expect(await mapBatches(planOf(['a', 'b', 'a', 'a', 'b']))).toEqual(['A', 'B', 'A', 'A', 'B']);
    expect(runs).toEqual(['aa', 'bb', 'a']);
  });

  test('gives each image its draws in their order, batches across images', async () => {
    const itemsOf = (image: number) => ['a', 'b', 'c'].map((letter) => `${letter}${image}`);
    const plan = planOf(['x', 'y', 'z'], { draws: 3, itemsOf, keyOf: () => '' });
    expect(await mapBatches(plan)).toEqual(['A0B0C0', 'A1B1C1', 'A2B2C2']);
    expect(runs).toEqual(['a0b0', 'c0a1', 'b1c1', 'a2b2', 'c2']);
  });

  test('holds no more than what waits for a batch', async () => {
    let ahead = 0;
    function* itemsOf() {
      ahead++;
      yield 'a';
    }
    const run = async (batch: readonly string[]) => {
      expect(ahead).toBeLessThanOrEqual(2);
      ahead -= batch.length;
      return batch;
    };
    await mapBatches(planOf(new Array(10).fill('a'), { itemsOf, run }));
    expect(ahead).toBe(0);
  });

  test('an empty list gives an empty list', async () => {
    expect(await mapBatches(planOf([]))).toEqual([]);
  });

  test('the only image of a call throws its own error', async () => {
    const error = new RangeError('call: too odd');
    await expect(mapBatches(planOf(['a'], { itemsOf: () => [error] }))).rejects.toBe(error);
    await expect(mapBatches(planOf(['a'], { run: async () => [error] }))).rejects.toBe(error);
  });

  test('an image of which one draw fails has failed, whatever the others give', async () => {
    const itemsOf = (image: number) => [`${image}a`, `${image}b`, `${image}c`];
    const run = async (batch: readonly string[]) =>
      batch.map((item) => (item === '0b' ? new Error('call: letters[0]: odd') : item));
    const seen: number[] = [];
    const call = mapBatches(
      planOf(['x', 'y'], {
        draws: 3,
        itemsOf,
        keyOf: () => '',
        run,
        onProgress: ({ done }) => seen.push(done),
      }),
    );
    await expect(call).rejects.toMatchObject({
      message: 'call: 1 of 2 images failed: letters[0]: odd',
      results: [undefined, '1a1b1c'],
    });
    expect(seen).toEqual([1, 1, 2]);
  });

  test('a run that fails as a whole keeps its cause', async () => {
    const cause = new Error('device lost');
    const run = async () => {
      throw cause;
    };
    await expect(mapBatches(planOf(['a'], { run }))).rejects.toMatchObject({
      message: 'call: device lost',
      cause,
    });
  });
});

test('the default batch shrinks with size and width, and is never zero', () => {
  const size = (side: number, hiddenChannels: number) =>
    defaultBatchSize({ channels: 3, hiddenChannels }, side, side);
  expect(size(16, 96)).toBe(64);
  expect(size(32, 512)).toBe(59);
  expect(size(128, 512)).toBe(3);
  expect(size(4096, 512)).toBe(1);
});
