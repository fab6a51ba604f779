import * as tf from '@tensorflow/tfjs-core';
import { openDevice } from '../../../packages/trainer/src/tfjs/device.js';

test('several trainings of a program may open it at the same time', async () => {
  const opened = await Promise.all([openDevice('wasm'), openDevice('wasm'), openDevice('wasm')]);
  expect(opened.map(({ device }) => device)).toEqual(['wasm', 'wasm', 'wasm']);
});

test.each(['wasm', 'cpu'] as const)('%s opens and computes', async (device) => {
  expect(await openDevice(device)).toEqual({ device, skipped: [] });
  expect(tf.getBackend()).toBe(device);
  expect([...(await tf.add([1, 2], [3, 4]).data())]).toEqual([4, 6]);
});

test('auto takes the first that is here and says why not those before it', async () => {
  const { device, skipped } = await openDevice('auto');
  expect(tf.getBackend()).toBe(device);
  const better = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'].slice(
    0,
    ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'].indexOf(device),
  );
  expect(skipped.map((passed) => passed.device)).toEqual(better);
  for (const { use, reason } of skipped) {
    expect(reason).not.toBe('');
    expect(use).toMatch(/^for /);
  }
});
