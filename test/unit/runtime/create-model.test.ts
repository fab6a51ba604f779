import { inspect } from 'node:util';
import { createConfig, createRandom, tensor } from '@glow-onnx/flow';
import {
  BatchError,
  type CallOptions,
  encodePng,
  type Latents,
  type RawImage,
  restoreRandom,
} from '@glow-onnx/runtime';
import { toModel } from '../../../packages/runtime/src/pictures/images.js';
import { createOracle, type OracleSession, oracleSessions } from '../../support/oracle.js';
import { modelOf, oracleSeed } from '../../support/oracle-model.js';

const config = createConfig({
  channels: 3,
  height: 8,
  width: 8,
  levels: 2,
  steps: 2,
  hiddenChannels: 8,
  bits: 5,
});
const oracle = createOracle(config, oracleSeed);

function picture(index: number, height = 8, width = 8, channels = 3): RawImage {
  const random = createRandom(5, index);
  const data = Uint8Array.from({ length: height * width * channels }, () => random.below(256));
  return { data, height, width, channels };
}
const bins = (images: readonly RawImage[]) => images.map(({ data }) => [...data].map((p) => p >> 3));
const pictures = [picture(0), picture(1, 4, 12), picture(2), picture(3, 4, 12), picture(4)];

describe('a model', () => {
  const model = modelOf(config);

  test('encodes to latents that decode to the same pixels, sizes mixed', async () => {
    const { z, logProb } = await model.encode(pictures);
    expect(z[1]?.levels.map(({ shape }) => shape)).toEqual([
      [6, 2, 6],
      [24, 1, 3],
    ]);
    expect(logProb).toHaveLength(5);
    expect(bins(await model.decode(z))).toEqual(bins(pictures));
    expect(bins(await model.reconstruct(pictures))).toEqual(bins(pictures));
  });

  test('prepares pictures as encode sees them: channels, size and bits', async () => {
    const [rgb, grey] = [picture(0), picture(6, 9, 10, 1)];
    const fiveBits = (value: number) => Math.round(((value >> 3) * 255) / 31);
    const [first, second] = await model.prepare([rgb, grey], { fit: 'crop' });
    expect(first).toEqual({ ...rgb, data: rgb.data.map(fiveBits) });
    expect(second).toMatchObject({ height: 8, width: 8, channels: 3 });
    const corner = fiveBits(grey.data[1] as number);
    expect([...(second as RawImage).data.slice(0, 3)]).toEqual([corner, corner, corner]);
    expect(bins(await model.reconstruct([rgb, second as RawImage]))).toEqual(bins([rgb, second as RawImage]));
  });

  test('takes one image or latents where it takes many, and gives a list all the same', async () => {
    const { z, logProb } = await model.encode(pictures[0] as RawImage);
    expect([z.length, logProb.length]).toEqual([1, 1]);
    expect(bins(await model.decode(z[0] as Latents))).toEqual(bins([pictures[0] as RawImage]));
    expect(await model.encode([])).toEqual({ z: [], logProb: [] });
    expect(await model.sample({ count: 0 })).toEqual([]);
  });

  test('gives the same whatever the batch size', async () => {
    const results = await Promise.all(
      [1, 2, 64].map(async (batchSize) => {
        const other = modelOf(config, { batchSize });
        return {
          encoded: await other.encode(pictures),
          scores: await other.bitsPerDim(pictures, { draws: 3, seed: 2 }),
          samples: await other.sample({ count: 5, seed: 9, temperature: 0.8 }),
        };
      }),
    );
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test('takes pictures of any channels, as pixels or encoded, at the same time', async () => {
    const grey = picture(6, 8, 8, 1);
    const times = (channels: number, last: number) => ({
      ...grey,
      channels,
      data: Uint8Array.from([...grey.data].flatMap((v) => [v, v, v, last].slice(0, channels))),
    });
    const { logProb } = await model.encode([grey, times(3, 0), times(4, 255), await encodePng(grey)]);
    expect(logProb).toEqual(Array(4).fill(logProb[0]));
  });

  test('bitsPerDim averages the densities of seeded draws, image by image', async () => {
    const images = [pictures[0], pictures[2]] as RawImage[];
    const draws = 4;
    const expected = images.map((image, index) => {
      const random = createRandom(11, index);
      const scores = Array.from({ length: draws }, () => {
        const { x } = toModel(image, 5, random.uniform);
        const logProb = oracle.encode(tensor([1, 3, 8, 8], x)).logProb.data[0] as number;
        return -(logProb - x.length * 5 * Math.LN2) / (x.length * Math.LN2);
      });
      return scores.reduce((a, b) => a + b) / draws;
    });
    const got = await model.bitsPerDim(images, { draws, seed: 11 });
    expect(got[0]).toBeCloseTo(expected[0] as number, 5);
    expect(got[1]).toBeCloseTo(expected[1] as number, 5);
    expect(await model.bitsPerDim(images, { draws, seed: 12 })).not.toEqual(got);
  });

  test('sample decodes seeded normals times the temperature, at any size', async () => {
    const samples = await model.sample({ count: 3, seed: 4, temperature: 0.5, height: 4, width: 8 });
    expect(samples.map(({ height, width, channels }) => [height, width, channels])).toEqual(
      Array(3).fill([4, 8, 3]),
    );
    const random = createRandom(4, 1);
    const draw = (...shape: number[]) => {
      const size = shape.reduce((a, b) => a * b);
      return tensor(
        [1, ...shape],
        Float32Array.from({ length: size }, () => 0.5 * random.normal()),
      );
    };
    const x = oracle.decode([draw(6, 2, 4), draw(24, 1, 2)]).data;
    const expected = Array.from(x, (value) => Math.min(Math.max(Math.floor((value + 0.5) * 32), 0), 31));
    const planar = Array.from(
      { length: 96 },
      (_, i) => (samples[1] as RawImage).data[(i % 32) * 3 + Math.floor(i / 32)],
    );
    expect(planar.map((p) => (p as number) >> 3)).toEqual(expected);
    expect((await model.sample({ seed: 4 }))[0]).toMatchObject({ height: 8, width: 8 });
  });

  test('sample takes a temperature per level, finest first', async () => {
    const same = await model.sample({ count: 2, seed: 4, temperature: [0.5, 0.5] });
    expect(same).toEqual(await model.sample({ count: 2, seed: 4, temperature: 0.5 }));
    const random = createRandom(4, 0);
    const draw = (temperature: number, ...shape: number[]) => {
      const length = shape.reduce((a, b) => a * b);
      return { shape, data: Float32Array.from({ length }, () => temperature * random.normal()) };
    };
    const levels = [draw(0, 6, 4, 4), draw(0.9, 24, 2, 2)] as never;
    expect(await model.sample({ seed: 4, temperature: [0, 0.9] })).toEqual(await model.decode({ levels }));
  });

  test('a generator kept as JSON goes on with the same pictures', async () => {
    const random = createRandom(5);
    const seeds = [random.uint32(), random.uint32()];
    const [first, second] = [createRandom(5), JSON.parse(JSON.stringify(createRandom(5).state()))];
    const before = await model.sample({ seed: first.uint32() });
    const later = restoreRandom(second);
    expect([later.uint32(), later.uint32()]).toEqual(seeds);
    expect(await model.sample({ seed: seeds[0] as number })).toEqual(before);
  });

  test('what it gives, it takes again', async () => {
    const samples = await model.sample({ count: 2, seed: 1 });
    expect(await model.reconstruct(samples)).toEqual(samples);
  });

  test('interpolate goes from the first picture to the last, or between latents', async () => {
    const [a, b] = [pictures[0], pictures[2]] as [RawImage, RawImage];
    const path = await model.interpolate(a, b, { steps: 4 });
    expect(path).toHaveLength(4);
    expect(bins([path[0], path[3]] as RawImage[])).toEqual(bins([a, b]));
    const { z } = await model.encode([a, b]);
    expect(await model.interpolate(z[0] as Latents, z[1] as Latents, { steps: 4 })).toEqual(path);
    const arc = await model.interpolate(a, b, { steps: 4, mode: 'spherical' });
    expect(arc[0]).toEqual(path[0]);
    expect(arc[1]).not.toEqual(path[1]);
  });

  test('fit lets it take sizes that do not divide', async () => {
    const odd = picture(8, 7, 9);
    const sizes = async (fit: 'crop' | 'pad' | 'resize') => (await model.reconstruct(odd, { fit }))[0];
    expect(await sizes('crop')).toMatchObject({ height: 4, width: 8 });
    expect(await sizes('pad')).toMatchObject({ height: 8, width: 12 });
    expect(await sizes('resize')).toMatchObject({ height: 8, width: 8 });
  });
});

describe('errors', () => {
  const model = modelOf(config);
  const good = pictures[0] as RawImage;
  const never = 0 as never;

  test.each<[string, () => Promise<unknown>, string]>([
    [
      'a size that cannot pass',
      () => model.encode(picture(0, 6, 8)),
      'encode: image 6×8 cannot pass 2 levels: height must be divisible by 4; resize or pad it.',
    ],
    [
      'one of several images',
      () => model.encode([good, picture(0, 8, 6)]),
      'encode: 1 of 2 images failed: images[1]: image 8×6 cannot',
    ],
    [
      'a missing file',
      () => model.encode('no/such.png'),
      'encode: no/such.png: the picture cannot be read: ',
    ],
    [
      'bytes that are no picture',
      () => model.encode(Uint8Array.of(1, 2)),
      'encode: the picture cannot be read: ',
    ],
    ['no image', () => model.encode(7 as never), 'cannot be read: expected pixels ({ data: Uint8Array'],
    [
      'a label without classes',
      () => model.encode(good, { label: 1 }),
      'encode: label: this model has no classes',
    ],
    [
      'no draws',
      () => model.bitsPerDim(good, { draws: 0 }),
      'bitsPerDim: draws must be an integer from 1 on, got 0',
    ],
    ['a bad seed', () => model.bitsPerDim(good, { seed: -1 }), 'seed must be an integer from 0'],
    [
      'a bad count',
      () => model.sample({ count: 1.5 }),
      'sample: count must be an integer from 0 on, got 1.5',
    ],
    [
      'more images than memory should hold',
      () => model.sample({ count: 5_592_406 }),
      'sample: count: 5592406 images of 8×8 are more than 1 GiB; draw at most 5592405 at once',
    ],
    [
      'an image larger than that',
      () => model.sample({ height: 2 ** 15, width: 2 ** 15 }),
      'sample: count: 1 images of 32768×32768 are more than 1 GiB; draw at most 0 at once',
    ],
    [
      'a temperature for some levels',
      () => model.sample({ temperature: [1] }),
      'sample: temperature must be one number or 2 numbers, one for each level, got 1',
    ],
    [
      'a level that is none',
      () => model.mix(good, good, [2]),
      'mix: levels must be integers from 0, the finest, to 1',
    ],
    [
      'a level that is none to interpolate',
      () => model.interpolate(good, good, { levels: [-1] }),
      'interpolate: levels must be integers from 0, the finest, to 1, got -1',
    ],
    [
      'a picture to decode',
      () => model.decode(good as never),
      'decode: expected latents with 2 levels, got object',
    ],
    ['latents to encode', () => model.encode({ levels: [] } as never), 'cannot be read: expected pixels ('],
    ['a temperature below zero', () => model.sample({ temperature: -1 }), 'sample: temperature must be'],
    [
      'a temperature that is NaN',
      () => model.sample({ temperature: Number.NaN }),
      'sample: temperature must be',
    ],
    [
      'a height that cannot be',
      () => model.sample({ height: 6 }),
      'sample: height must be divisible by 4, got 6',
    ],
    [
      'a height of zero',
      () => model.sample({ height: 0 }),
      'sample: height must be an integer from 1 on, got 0',
    ],
    [
      'latents that are none',
      () => model.decode([never]),
      'decode: expected latents with 2 levels, got number',
    ],
    [
      'one step',
      () => model.interpolate(good, good, { steps: 1 }),
      'interpolate: steps must be an integer from 2 on',
    ],
    [
      'an unknown path',
      () => model.interpolate(good, good, { mode: 'x' as never }),
      'interpolate: mode must be',
    ],
    [
      'two sizes to interpolate',
      () => model.interpolate(good, picture(0, 4, 8)),
      'interpolate: b: size 4×8 is not that of a, 8×8; bring them to one size',
    ],
    [
      'a bad end',
      () => model.interpolate(good, 'no/such.png'),
      'interpolate: b: no/such.png: the picture cannot',
    ],
  ])('%s is refused, and the model goes on', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
    expect((await model.encode(good)).z).toHaveLength(1);
  });

  const spoil = (session: OracleSession, output: string, value: number): OracleSession => ({
    ...session,
    run: async (inputs) => {
      const outputs = await session.run(inputs);
      const data = outputs[output]?.data as Float32Array;
      data[data.length - 1] = value;
      return outputs;
    },
  });
  const { encoder, decoder } = oracleSessions(oracle, 2);

  test.each(['z0', 'z1', 'log_prob'])('NaN in %s names the image', async (output) => {
    const bad = modelOf(config, { batchSize: 2, encoder: spoil(encoder, output, Number.NaN) });
    await expect(bad.encode([good, good])).rejects.toThrow(
      `encode: 1 of 2 images failed: images[1]: the model gives NaN in ${output}`,
    );
    await expect(bad.bitsPerDim(good, { draws: 2 })).rejects.toThrow(
      `bitsPerDim: the model gives NaN in ${output}`,
    );
  });

  test('infinity in x names the image', async () => {
    const bad = modelOf(config, { batchSize: 2, decoder: spoil(decoder, 'x', Number.POSITIVE_INFINITY) });
    await expect(bad.sample({ count: 2 })).rejects.toThrow(
      'sample: 1 of 2 images failed: image 1: the model gives Infinity in x',
    );
  });

  test('a graph without an output says so', async () => {
    const bad = modelOf(config, { batchSize: 2, decoder: { ...decoder, run: async () => ({}) } });
    await expect(bad.sample()).rejects.toThrow('sample: the graph has no output "x"');
  });

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
});

describe('one of several images that fails', () => {
  const model = modelOf(config);
  const [a, b] = [pictures[0], pictures[2]] as [RawImage, RawImage];
  const odd = picture(9, 6, 8);
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
      /^encode: 2 of 4 images failed: images\[1\]: image 6×8 cannot .*; no\/such\.png: the picture cannot be read/,
    );
    expect(error.errors.map(({ image }) => image)).toEqual([1, 2]);
    expect(error.errors[0]).toBeInstanceOf(RangeError);
    const { z, logProb } = await model.encode([a, b]);
    expect(error.results).toEqual([
      { z: z[0], logProb: logProb[0] },
      undefined,
      undefined,
      { z: z[1], logProb: logProb[1] },
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
      /3 of 5 images failed: withIt\[1\]: image 6×8 .*; without\[1\]: .*; without\[2\]: /,
    );
  });

  test('is named without its reason after the third', async () => {
    const { message } = await failure(model.reconstruct([a, odd, odd, odd, odd, odd]));
    expect(message).toMatch(
      /^reconstruct: 5 of 6 images failed: .*; images\[3\]: image .*; and images\[4\], images\[5\]$/,
    );
  });

  test('by a run of its size does not hold up other sizes', async () => {
    const { encoder } = oracleSessions(oracle, 2);
    const run: OracleSession['run'] = async (inputs) => {
      if (inputs.x?.shape[2] === 4) throw new Error('out of memory');
      return encoder.run(inputs);
    };
    const error = await failure(
      modelOf(config, { batchSize: 2, encoder: { ...encoder, run } }).encode(pictures),
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

describe('progress and abort', () => {
  const odd = picture(9, 6, 8);

  test('progress counts images once all their draws are done, failed ones too', async () => {
    const seen: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      expect(total).toBe(5);
      seen.push(done);
    };
    await modelOf(config, { batchSize: 2 }).bitsPerDim(pictures, { draws: 3, onProgress });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(5);
    seen.length = 0;
    await expect(modelOf(config).encode([odd, odd, odd, odd, odd], { onProgress })).rejects.toThrow('5 of 5');
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  test('every call tells its progress', async () => {
    const model = modelOf(config);
    const [a, b] = [pictures[0], pictures[2]] as [RawImage, RawImage];
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
    await expect(model.encode(pictures, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await model.sample({ count: 2 })).toHaveLength(2);
  });

  test("an error of onProgress is the call's, not an image's", async () => {
    const onProgress = () => {
      throw new TypeError('mine');
    };
    await expect(modelOf(config).sample({ count: 2, onProgress })).rejects.toThrow(new TypeError('mine'));
  });
});

test('calls at once give what they give one after another', async () => {
  const model = modelOf(config, { batchSize: 2 });
  const calls = [
    () => model.encode(pictures),
    () => model.sample({ count: 5, seed: 3 }),
    () => model.bitsPerDim(pictures, { draws: 2 }),
    () => model.reconstruct([...pictures].reverse()),
    () => model.encode(picture(0, 6, 8)).catch((error: Error) => error.message),
  ];
  const alone: unknown[] = [];
  for (const call of calls) alone.push(await call());
  expect(await Promise.all(calls.map((call) => call()))).toEqual(alone);
});

describe('a class-conditional model', () => {
  const classes = createConfig({ ...config, prior: 'learned', classes: 3 });
  const model = modelOf(classes);

  test('needs a label it has', async () => {
    const good = pictures[0] as RawImage;
    await expect(model.encode(good)).rejects.toThrow(
      'encode: label: this model needs an integer from 0 to 2',
    );
    await expect(model.sample({ label: 3 })).rejects.toThrow('an integer from 0 to 2, got 3');
    await expect(model.sample({ count: 3, label: [0, 1] })).rejects.toThrow(
      'expected one label or 3 labels, got 2',
    );
    expect(bins(await model.prepare(good))).toEqual(bins([good]));
  });

  test('gives each image its own label, in the order of the call, sizes mixed', async () => {
    const together = await model.encode(pictures, { label: [0, 1, 2, 0, 1] });
    for (const [i, label] of [0, 1, 2, 0, 1].entries()) {
      const alone = await model.encode(pictures[i] as RawImage, { label });
      expect(alone.logProb[0]).toBe(together.logProb[i]);
    }
    const other = await model.encode(pictures[2] as RawImage, { label: 0 });
    expect(other.logProb[0]).not.toBe(together.logProb[2]);
    expect(bins(await model.decode(together.z, { label: [0, 1, 2, 0, 1] }))).toEqual(bins(pictures));
    const scores = await model.bitsPerDim(pictures.slice(0, 2), { label: [2, 1], draws: 2 });
    expect(scores[1]).toBe((await model.bitsPerDim(pictures.slice(0, 2), { label: 1, draws: 2 }))[1]);
  });
});
