import type { CallOptions, Latents, RawImage } from '@glow-onnx/runtime';
import { config, images, noise } from '../../support/noise-images.js';
import { createOracle, type OracleSession, oracleSessions } from '../../support/oracle.js';
import { modelOf, oracleSeed } from './oracle-model.js';

const oracle = createOracle(config, oracleSeed);

describe('progress and abort', () => {
  const odd = noise(9, 8, 8, 5); // channels that no model takes

  test('progress counts images once all their draws are done, failed ones too', async () => {
    const seen: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      expect(total).toBe(5);
      seen.push(done);
    };
    await modelOf(config, { batchSize: 2 }).bitsPerDim(images, { draws: 3, onProgress });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(5);
    seen.length = 0;
    await expect(modelOf(config).encode([odd, odd, odd, odd, odd], { onProgress })).rejects.toThrow('5 of 5');
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  test('every call tells its progress', async () => {
    const model = modelOf(config);
    const [a, b] = [images[0], images[2]] as [RawImage, RawImage];
    const { z } = await model.encode([a, b]);
    const told = async (call: (options: CallOptions) => Promise<unknown>) => {
      let last: unknown;
      await call({ onProgress: (progress) => (last = progress) });
      return last;
    };
    const two = { done: 2, total: 2 };
    expect(await told((options) => model.encode([a, b], options))).toEqual(two);
    expect(await told((options) => model.decode(z, options))).toEqual(two);
    expect(await told((options) => model.reconstruct([a, b], options))).toEqual(two);
    expect(await told((options) => model.sample({ count: 2, ...options }))).toEqual(two);
    expect(await told((options) => model.score([a, b], options))).toEqual(two);
    expect(await told((options) => model.interpolate(a, b, { steps: 2, ...options }))).toEqual(two);
    expect(await told((options) => model.attributeDirection(a, b, options))).toEqual(two);
    expect(await told((options) => model.applyAttribute(z, z[0] as Latents, 1, options))).toEqual(two);
    expect(await told((options) => model.mix(a, b, [0], options))).toEqual({ done: 1, total: 1 });
  });

  test('an aborted call stops after its batch, rejects with the reason, and the model goes on', async () => {
    const { decoder } = oracleSessions(oracle, 2);
    const controller = new AbortController();
    let runs = 0;
    const run: OracleSession['run'] = async (inputs) => {
      if (++runs === 2) controller.abort(new Error('enough'));
      return decoder.run(inputs);
    };
    const model = modelOf(config, { batchSize: 1, decoder: { ...decoder, run } });
    await expect(model.sample({ count: 9, signal: controller.signal })).rejects.toThrow('enough');
    expect(runs).toBe(2);
    await expect(model.encode(images, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await model.sample({ count: 2 })).toHaveLength(2);
  });

  test('an abort during the last run, by a timer that this run held up, rejects the call', async () => {
    const { encoder, decoder } = oracleSessions(oracle, 2);
    const holding = (run: OracleSession['run']): OracleSession['run'] => {
      return async (inputs) => {
        const outputs = await run(inputs);
        const until = performance.now() + 30;
        while (performance.now() < until); // as ONNX Runtime holds the thread
        return outputs;
      };
    };
    const model = modelOf(config, {
      encoder: { ...encoder, run: holding(encoder.run) },
      decoder: { ...decoder, run: holding(decoder.run) },
    });
    const [a, b] = [images[0], images[2]] as [RawImage, RawImage];
    const { z } = await model.encode(a);
    for (const call of [
      (options: CallOptions) => model.encode(a, options),
      (options: CallOptions) => model.decode(z, options),
      (options: CallOptions) => model.reconstruct(a, options),
      (options: CallOptions) => model.sample(options),
      (options: CallOptions) => model.bitsPerDim(a, { draws: 1, ...options }),
      (options: CallOptions) => model.score(a, { draws: 1, ...options }),
      (options: CallOptions) => model.interpolate(z[0] as Latents, z[0] as Latents, { steps: 2, ...options }),
      (options: CallOptions) => model.mix(z[0] as Latents, z[0] as Latents, [0], options),
      (options: CallOptions) => model.attributeDirection(a, b, options),
      (options: CallOptions) => model.applyAttribute(a, z[0] as Latents, 1, options),
    ]) {
      await expect(call({ signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ name: 'TimeoutError' });
    }
  });

  test("an error of onProgress is the call's, not an image's", async () => {
    const onProgress = () => {
      throw new TypeError('mine');
    };
    await expect(modelOf(config).sample({ count: 2, onProgress })).rejects.toThrow(new TypeError('mine'));
  });
});
