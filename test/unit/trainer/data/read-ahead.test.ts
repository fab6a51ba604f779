import { setTimeout as sleep } from 'node:timers/promises';
import { readAhead } from '../../../../packages/trainer/src/data/read-ahead.js';

test('items come in their order, however long each takes', async () => {
  const seen: number[] = [];
  const slow = readAhead([30, 1, 10, 0], async (ms, i) => {
    await sleep(ms);
    return i;
  });
  for await (const i of slow) seen.push(i);
  expect(seen).toEqual([0, 1, 2, 3]);
});

test('two items are prepared beyond the one in use, and no more', async () => {
  let started = 0;
  const ahead = readAhead(Array.from({ length: 10 }), async () => ++started);
  const counts: number[] = [];
  for await (const _ of ahead) {
    await sleep(1);
    counts.push(started);
  }
  expect(counts).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 10, 10]);
});

test('waiting is counted where an item is not ready, and not where it is', async () => {
  const waits: number[] = [];
  const ahead = readAhead([200, 0, 0], (ms) => sleep(ms));
  for await (const _ of ahead) waits.push(ahead.waitedSeconds);
  expect(waits[0]).toBeGreaterThan(0.1);
  expect(Math.max(...waits.slice(1))).toBeLessThan(0.1);
});

test('an item that fails fails where it is used, and not before', async () => {
  const ahead = readAhead([0, 1, 2], async (i) => {
    if (i === 1) throw new Error('item 1');
    return i;
  });
  const seen: number[] = [];
  const use = async () => {
    for await (const i of ahead) {
      await sleep(5);
      seen.push(i);
    }
  };
  await expect(use()).rejects.toThrow('item 1');
  expect(seen).toEqual([0]);
});
