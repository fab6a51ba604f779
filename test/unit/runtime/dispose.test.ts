import type { Latents, RawImage } from '@glow-onnx/runtime';
import { config, images } from '../../support/noise-images.js';
import { createOracle, oracleSessions } from '../../support/oracle.js';
import { modelOf, oracleSeed } from './oracle-model.js';

const good = images[0] as RawImage;
const model = modelOf(config);
const { encoder, decoder } = oracleSessions(createOracle(config, oracleSeed), 2);

test('a disposed model says so; disposing twice is fine', async () => {
  let releases = 0;
  const release = async () => {
    releases++;
  };
  const gone = modelOf(config, {
    batchSize: 2,
    encoder: { ...encoder, release },
    decoder: { ...decoder, release },
  });
  await Promise.all([gone.dispose(), gone[Symbol.asyncDispose]()]);
  await gone.dispose();
  expect(releases).toBe(2);
  const z = (await model.encode(good)).z[0] as Latents;
  const calls: Record<string, () => Promise<unknown>> = {
    encode: () => gone.encode(good),
    decode: () => gone.decode(z),
    reconstruct: () => gone.reconstruct(good),
    sample: () => gone.sample(),
    bitsPerDim: () => gone.bitsPerDim(good),
    score: () => gone.score(good),
    interpolate: () => gone.interpolate(good, good),
    mix: () => gone.mix(good, good, [0]),
    attributeDirection: () => gone.attributeDirection(good, good),
    applyAttribute: () => gone.applyAttribute(good, z, 1),
  };
  for (const [name, call] of Object.entries(calls)) {
    await expect(call()).rejects.toThrow(`${name}: this model is disposed; load it again`);
  }
});

test('dispose waits for calls under way', async () => {
  const order: string[] = [];
  const slow = modelOf(config, {
    batchSize: 1,
    encoder: {
      ...encoder,
      run: async (inputs) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push('run');
        return encoder.run(inputs);
      },
      release: async () => void order.push('release'),
    },
  });
  const call = slow.encode([good, good]);
  await slow.dispose();
  expect(order).toEqual(['run', 'run', 'release']);
  expect((await call).z).toHaveLength(2);
});
