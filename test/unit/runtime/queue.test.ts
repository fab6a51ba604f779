import { createQueue, queueOf } from '../../../packages/runtime/src/sessions/queue.js';

/** A task that notes when it starts and ends, and takes a few turns of the event loop. */
function noting(notes: string[], name: string, fail = false) {
  return async () => {
    notes.push(`${name} starts`);
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    notes.push(`${name} ends`);
    if (fail) throw new Error(name);
    return name;
  };
}

describe('a queue', () => {
  test('runs one task at a time, in the order of the calls', async () => {
    const queue = createQueue();
    const notes: string[] = [];
    const names = ['a', 'b', 'c'];
    expect(await Promise.all(names.map((name) => queue(noting(notes, name))))).toEqual(names);
    expect(notes).toEqual(names.flatMap((name) => [`${name} starts`, `${name} ends`]));
  });

  test('goes on after a task that fails, or throws at once, and tells its caller alone', async () => {
    const queue = createQueue();
    const notes: string[] = [];
    const throws = queue(() => {
      throw new Error('at once');
    });
    const failed = queue(noting(notes, 'a', true));
    const next = queue(noting(notes, 'b'));
    await expect(throws).rejects.toThrow('at once');
    await expect(failed).rejects.toThrow('a');
    expect(await next).toBe('b');
    expect(notes).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
  });
});

test('a named queue is one for all copies of this package', async () => {
  const once = queueOf('webgpu');
  jest.resetModules();
  const copy: typeof import('../../../packages/runtime/src/sessions/queue.js') = await import(
    '../../../packages/runtime/src/sessions/queue.js'
  );
  expect(copy.queueOf).not.toBe(queueOf);
  expect(copy.queueOf('webgpu')).toBe(once);
  expect(copy.queueOf('cuda')).not.toBe(once);
});
