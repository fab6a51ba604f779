import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createConfig } from '@glow-onnx/flow';
import { memoryFor } from '../../../packages/trainer/src/onnxruntime/memory.js';

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

test('activations are kept while they take less than half of the free memory', () => {
  const config = createConfig({
    channels: 3,
    height: 32,
    width: 32,
    levels: 3,
    steps: 16,
    hiddenChannels: 128,
  });
  // Measured at this size: 0.6 GB.
  expect(memoryFor(config, 64, 2e9)).toBe('full');
  expect(memoryFor(config, 64, 1e9)).toBe('reversible');
});
