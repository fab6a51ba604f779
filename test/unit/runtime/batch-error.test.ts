import { inspect } from 'node:util';
import { BatchError, type Latents, type RawImage } from '@glow-onnx/runtime';
import { config, images, noise } from '../../support/noise-images.js';
import { createOracle, type OracleSession, oracleSessions } from '../../support/oracle.js';
import { modelOf, oracleSeed } from './oracle-model.js';

const oracle = createOracle(config, oracleSeed);

describe('one of several images that fails', () => {
  const model = modelOf(config);
  const [a, b] = [images[0], images[2]] as [RawImage, RawImage];
  const odd = noise(9, 8, 8, 5); // channels that no model takes
  const failure = async (call: Promise<unknown>): Promise<BatchError> =>
    call.then(
      () => undefined as never,
      (error) => error,
    );

  test('names itself, and the others come back', async () => {
    const error = await failure(model.encode([a, odd, 'no/such.png', b]));
    expect(error).toBeInstanceOf(BatchError);
    expect(error.name).toBe('BatchError');
    expect(error.message).toMatch(
      /^encode: 2 of 4 images failed: images\[1\]: an image of 5 channels cannot .*; no\/such\.png: the image cannot be read/,
    );
    expect(error.errors.map(({ image }) => image)).toEqual([1, 2]);
    expect(error.errors[0]).toBeInstanceOf(RangeError);
    const { z, logProb } = await model.encode([a, b]);
    expect(error.results).toEqual([
      { z: z[0], logProb: logProb[0], fitted: undefined },
      undefined,
      undefined,
      { z: z[1], logProb: logProb[1], fitted: undefined },
    ]);
  });

  test('prints without the results of the others, which are thousands of numbers', async () => {
    const error = await failure(model.encode([a, odd]));
    expect(error.results).toHaveLength(2);
    const printed = inspect(error);
    expect(printed).toContain(error.message);
    expect(printed).not.toMatch(/results|logProb/);
  });

  test('does so in every call that takes several', async () => {
    const { z } = await model.encode([a, b]);
    const bad = { levels: z[0]?.levels.slice(1) as never };
    const direction = z[0] as Latents;
    const results = async (call: Promise<unknown>) => (await failure(call)).results;
    expect(await results(model.decode([bad, ...z]))).toEqual([undefined, ...(await model.decode(z))]);
    expect(await results(model.reconstruct([a, odd]))).toEqual([...(await model.reconstruct(a)), undefined]);
    expect(await results(model.bitsPerDim([a, odd]))).toEqual([...(await model.bitsPerDim(a)), undefined]);
    expect(await results(model.score([a, odd]))).toEqual([...(await model.score(a)), undefined]);
    expect(await results(model.applyAttribute([a, odd], direction, 1))).toEqual([
      ...(await model.applyAttribute(a, direction, 1)),
      undefined,
    ]);
    const error = await failure(model.attributeDirection([a, odd], [b, odd, odd]));
    expect(error.message).toMatch(
      /3 of 5 images failed: withIt\[1\]: an image of 5 .*; without\[1\]: .*; without\[2\]: /,
    );
  });

  test('is named without its reason after the third', async () => {
    const { message } = await failure(model.reconstruct([a, odd, odd, odd, odd, odd]));
    expect(message).toMatch(
      /^reconstruct: 5 of 6 images failed: .*; images\[3\]: an image .*; and images\[4\], images\[5\]$/,
    );
  });

  test('by a run of its size does not hold up other sizes', async () => {
    const { encoder } = oracleSessions(oracle, 2);
    const run: OracleSession['run'] = async (inputs) => {
      if (inputs.x?.shape[2] === 4) throw new Error('out of memory');
      return encoder.run(inputs);
    };
    const error = await failure(
      modelOf(config, { batchSize: 2, encoder: { ...encoder, run } }).encode(images, { fit: 'none' }),
    );
    expect(error.message).toBe(
      'encode: 2 of 5 images failed: images[1]: out of memory; images[3]: out of memory',
    );
    expect(error.results.map((result) => result !== undefined)).toEqual([true, false, true, false, true]);
  });

  test('leaves every draw of the others whole', async () => {
    const { results } = await failure(model.bitsPerDim([a, odd, b], { draws: 3, seed: 4 }));
    const whole = await model.bitsPerDim([a, a, b], { draws: 3, seed: 4 });
    expect(results).toEqual([whole[0], undefined, whole[2]]);
  });
});
