import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

async function bytesOf(memory: string, steps: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    'test/contract/training/memory-process.mjs',
    memory,
    String(steps),
  ]);
  return Number(stdout);
}

test('what a reversible step takes does not grow with the number of steps of flow', async () => {
  const growth = async (memory: string) => (await bytesOf(memory, 10)) - (await bytesOf(memory, 2));
  const full = await growth('full');
  // What the backward pass cannot do without: eight steps, two hidden activations each, 64 channels of
  // 64 × 16 × 16 pixels, 4 bytes. How much more is kept, and when it is returned, differs by machine.
  const activations = 8 * 2 * 64 * (64 * 16 * 16) * 4;
  expect(full).toBeGreaterThan(activations);
  // Patches of 54 rows are as much again as one of the two. Gradients that wait for each other would add as much as all.
  expect(full).toBeLessThan(2.5 * activations);
  // Allocators round and keep: a fifth allows for that, and two steps' activations are more.
  expect(await growth('reversible')).toBeLessThan(full / 5);
});
