import { defaultBatchSize, mapBatches } from '../../packages/runtime/src/batches.js';

describe('mapBatches', () => {
  const runs: string[] = [];
  const run = async (batch: readonly string[]) => {
    runs.push(batch.join(''));
    return batch.map((item) => item.toUpperCase());
  };
  const byLetter = (item: string) => item;
  beforeEach(() => {
    runs.length = 0;
  });

  test('runs equal keys together and answers in the order of the items', async () => {
    const results = await mapBatches(['a', 'b', 'a', 'a', 'b'], byLetter, () => 2, run);
    expect(results).toEqual(['A', 'B', 'A', 'A', 'B']);
    expect(runs).toEqual(['aa', 'bb', 'a']);
  });

  test('holds no more than what waits for a batch', async () => {
    let ahead = 0;
    async function* items() {
      for (let i = 0; i < 10; i++) {
        ahead++;
        yield 'a';
      }
    }
    await mapBatches(
      items(),
      byLetter,
      () => 3,
      async (batch) => {
        expect(ahead).toBeLessThanOrEqual(3);
        ahead -= batch.length;
        return batch;
      },
    );
  });

  test('an empty list gives an empty list', async () => {
    expect(await mapBatches([], byLetter, () => 2, run)).toEqual([]);
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
