import { createLifetime } from '../../../packages/runtime/src/sessions/lifetime.js';

test('the end waits for calls under way, refuses further calls and frees once', async () => {
  const order: string[] = [];
  const lifetime = createLifetime(async () => void order.push('free'));
  const slow = (name: string, fails = false) =>
    lifetime.during(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(name);
      if (fails) throw new Error('failed');
      return name;
    }, 'ended');
  const calls = [slow('a'), slow('b', true).catch(({ message }: Error) => message)];
  await Promise.all([lifetime.end(), lifetime.end()]);
  await lifetime.end();
  expect(order).toEqual(['a', 'b', 'free']);
  expect(await Promise.all(calls)).toEqual(['a', 'failed']);
  await expect(slow('c')).rejects.toThrow('ended');
  expect(order).toHaveLength(3);
});
