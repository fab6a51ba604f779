import { setTimeout as sleep } from 'node:timers/promises';
import { type Batcher, createBatcher, type Work } from '../../../packages/serve/src/batcher.js';

/** Work that ends when the test says so, and gives each item doubled. */
function createWork(key = 'double') {
  const calls: { items: readonly number[]; signal: AbortSignal; end: (error?: Error) => void }[] = [];
  const work: Work<number, number> = {
    key,
    run: (items, signal) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) => (error ? reject(error) : resolve(items.map((item) => 2 * item)));
        calls.push({ items, signal, end });
      }),
  };
  return { work, calls, itemsOf: () => calls.map(({ items }) => items) };
}

const never = new AbortController().signal;
const options = { calls: 1, maxBatch: 4, maxWaitMs: 0 };
/** Lets what is settled go on. */
const settle = () => sleep(0);

test('a request runs at once; those that wait meanwhile share the next call, in their order', async () => {
  const { work, calls, itemsOf } = createWork();
  const batcher = createBatcher(options);
  const first = batcher.submit(work, [1], never);
  const others = [[2], [3, 4], [5]].map((items) => batcher.submit(work, items, never));
  expect(itemsOf()).toEqual([[1]]);
  expect(batcher.waiting).toBe(3);
  calls[0]?.end();
  expect(await first).toEqual([2]);
  expect(itemsOf()).toEqual([[1], [2, 3, 4, 5]]);
  calls[1]?.end();
  expect(await Promise.all(others)).toEqual([[4], [6, 8], [10]]);
  expect(batcher.waiting).toBe(0);
});

test('a call has at most maxBatch items, and a request is not split', async () => {
  const { work, calls, itemsOf } = createWork();
  const batcher = createBatcher(options);
  const results = [[1], [2, 2, 2], [3, 3], [4]].map((items) => batcher.submit(work, items, never));
  for (const call of [0, 1, 2]) {
    calls[call]?.end();
    await settle();
  }
  expect(itemsOf()).toEqual([[1], [2, 2, 2, 4], [3, 3]]);
  expect(await Promise.all(results)).toEqual([[2], [4, 4, 4], [6, 6], [8]]);
});

test('as many calls run at once as there are workers, and other work is not mixed in', async () => {
  const [one, other] = [createWork('one'), createWork('other')];
  const batcher = createBatcher({ ...options, calls: 2 });
  const results = [one, other, one, other].map(({ work }, i) => batcher.submit(work, [i], never));
  expect([one.itemsOf(), other.itemsOf()]).toEqual([[[0]], [[1]]]);
  one.calls[0]?.end();
  other.calls[0]?.end();
  await settle();
  expect([one.itemsOf(), other.itemsOf()]).toEqual([
    [[0], [2]],
    [[1], [3]],
  ]);
  one.calls[1]?.end();
  other.calls[1]?.end();
  expect(await Promise.all(results)).toEqual([[0], [2], [4], [6]]);
});

test('with maxWaitMs a request waits for others, but not once the batch is full', async () => {
  const { work, calls, itemsOf } = createWork();
  const batcher = createBatcher({ ...options, calls: 2, maxWaitMs: 40 });
  const pair = [1, 2].map((item) => batcher.submit(work, [item], never));
  expect(itemsOf()).toEqual([]);
  while (calls.length === 0) await sleep(5);
  expect(itemsOf()).toEqual([[1, 2]]);
  const full = batcher.submit(work, [3, 4, 5, 6], never);
  expect(itemsOf()).toEqual([
    [1, 2],
    [3, 4, 5, 6],
  ]);
  for (const { end } of calls) end();
  await Promise.all([...pair, full]);
});

test('an error fails only the request that has it', async () => {
  const work: Work<number, number> = {
    key: 'odd',
    run: async (items) => {
      await settle();
      if (items.includes(13)) throw new RangeError('13 is too large');
      return items;
    },
  };
  const batcher = createBatcher(options);
  const results = await Promise.allSettled([1, 2, 13, 3].map((item) => batcher.submit(work, [item], never)));
  expect(
    results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message)),
  ).toEqual([[1], [2], '13 is too large', [3]]);
});

describe('a request that is aborted', () => {
  const { work, calls, itemsOf } = createWork();
  let batcher: Batcher;
  beforeAll(() => {
    batcher = createBatcher(options);
  });

  test('leaves the queue, and its call goes on while another request waits for it', async () => {
    const [early, late] = [new AbortController(), new AbortController()];
    const first = batcher.submit(work, [0], never);
    const gone = batcher.submit(work, [1], early.signal);
    const left = batcher.submit(work, [2], late.signal);
    const stays = batcher.submit(work, [3], never);
    early.abort(new Error('the client left'));
    await expect(gone).rejects.toThrow('the client left');
    calls[0]?.end();
    await first;
    expect(itemsOf()).toEqual([[0], [2, 3]]);
    late.abort(new Error('late'));
    await expect(left).rejects.toThrow('late');
    expect(calls[1]?.signal.aborted).toBe(false);
    calls[1]?.end();
    expect(await stays).toEqual([6]);
  });

  test('stops its call if nobody else waits for it, and the next one runs', async () => {
    const stop = new AbortController();
    const lonely = batcher.submit(work, [7], stop.signal);
    const next = batcher.submit(work, [8], never);
    stop.abort(new Error('late'));
    await expect(lonely).rejects.toThrow('late');
    expect(calls[2]?.signal.aborted).toBe(true);
    calls[2]?.end(new Error('aborted'));
    await settle();
    expect(itemsOf().at(-1)).toEqual([8]);
    calls[3]?.end();
    expect(await next).toEqual([16]);
  });

  test('does not begin if it was aborted before', async () => {
    await expect(batcher.submit(work, [9], AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(itemsOf()).toHaveLength(4);
  });
});
