import { once } from '../../../packages/runtime/src/once.js';

test('work is done once, also for calls that come while it is done', async () => {
  let times = 0;
  const work = once(async () => ++times);
  expect(await Promise.all([work(), work()])).toEqual([1, 1]);
  expect(await work()).toBe(1);
});

test('work that failed is done again at the next call', async () => {
  let times = 0;
  const work = once(async () => {
    times++;
    if (times === 1) throw new Error('not yet');
    return times;
  });
  await expect(Promise.all([work(), work()])).rejects.toThrow('not yet');
  expect(await work()).toBe(2);
});
