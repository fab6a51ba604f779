import {
  type ConfigInput,
  createGlow,
  createRandom,
  decode,
  float64Ops,
  initialParams,
  inverseWeights,
  tensor,
} from '@glow-onnx/flow';
import { binToPixel, modelToBin } from '@glow-onnx/flow/internal';
import * as tf from '@tensorflow/tfjs-core';
import { drawPictures } from '../../../../packages/trainer/src/report/pictures.js';
import { tinyConfig } from '../../../support/tiny-config.js';

/** A model that is not the identity, with five images to show. */
function fixture(choices: Partial<ConfigInput> = {}) {
  const glow = createGlow(tinyConfig(choices));
  const { trainable, fixed } = initialParams(glow, 3);
  const random = createRandom(9);
  const moved = Object.entries(trainable).map(([name, { shape, data }]) => [
    name,
    tensor(
      shape,
      data.map((value) => value + 0.05 * random.normal()),
    ),
  ]);
  const x = Float32Array.from({ length: 5 * 192 }, () => random.uniform() - 0.5);
  const { classes } = glow.config;
  const batch = { count: 5, x, ...(classes > 0 && { classes: Uint16Array.of(0, 1, 2, 0, 1) }) };
  return { glow, params: { trainable: Object.fromEntries(moved), fixed }, batch };
}

test('samples are what the float64 interpreter decodes from the same latents', async () => {
  const { glow, params, batch } = fixture();
  const { samples } = await drawPictures(glow, params, batch, 7);
  expect(samples).toMatchObject({ channels: 3, width: 8 * 64 + 7 * 4, height: 2 * 64 + 4 });
  // Image 9 stands in row 1, column 1.
  const random = createRandom(7, 9);
  const normals = (count: number) => Float64Array.from({ length: count }, () => 0.7 * random.normal());
  const latents = [tensor([1, 6, 4, 4], normals(96)), tensor([1, 24, 2, 2], normals(96))];
  const expected = decode(glow, float64Ops, latents, inverseWeights(glow, params)).data;
  const found = Array.from({ length: 192 }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / 64), Math.floor(i / 8) % 8, i % 8];
    return samples.data[((68 + 8 * y) * samples.width + 68 + 8 * x) * 3 + channel];
  });
  expect(found).toEqual(Array.from(expected, (value) => binToPixel(modelToBin(value, 5), 5)));
});

test('held-out images come back to their bins, those given above, those restored below', async () => {
  const { glow, params, batch } = fixture();
  const { reconstructions, largestError } = await drawPictures(glow, params, batch, 7);
  expect(largestError).toBe(0);
  expect(reconstructions).toMatchObject({ width: 5 * 64 + 4 * 4, height: 2 * 64 + 4 });
  const row = 68 * reconstructions.width * 3;
  const upper = reconstructions.data.subarray(0, (row / 68) * 64);
  expect(reconstructions.data.subarray(row, row + upper.length)).toEqual(upper);
  expect(reconstructions.data[0]).toBe(binToPixel(modelToBin(batch.x[0], 5), 5));
});

test('a signal is heard between two images, and leaves no tensors', async () => {
  const { glow, params, batch } = fixture();
  await drawPictures(glow, params, batch, 7); // opens the device
  const { numTensors } = tf.memory();
  const controller = new AbortController();
  const reason = new Error('enough');
  setImmediate(() => setImmediate(() => setImmediate(() => controller.abort(reason))));
  await expect(drawPictures(glow, params, batch, 7, controller.signal)).rejects.toBe(reason);
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('an error leaves no tensors', async () => {
  const { glow, params, batch } = fixture();
  await drawPictures(glow, params, batch, 7); // opens the device
  const { numTensors } = tf.memory();
  const lost = jest.spyOn(tf.Tensor.prototype, 'data').mockRejectedValue(new Error('device lost'));
  await expect(drawPictures(glow, params, batch, 7)).rejects.toThrow('device lost');
  lost.mockRestore();
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('a class-conditional model shows its classes in turn', async () => {
  const { glow, params, batch } = fixture({ prior: 'learned', classes: 3 });
  const { largestError, samples } = await drawPictures(glow, params, batch, 7);
  expect(largestError).toBe(0);
  expect(new Set(samples.data).size).toBeGreaterThan(10);
});
