import { createConfig, createRandom, type GlowConfig, tensor } from '@glow-onnx/flow';
import { encodePng, type GlowModel, type Latents, type RawImage } from '@glow-onnx/runtime';
import type { OpenSession } from '@glow-onnx/runtime/session';
import { createModel } from '../../packages/runtime/src/create-model.js';
import { toModel } from '../../packages/runtime/src/images.js';
import { sharpCodec } from '../../packages/runtime/src/node/images.js';
import type { OpenGraphs } from '../../packages/runtime/src/open-graphs.js';
import { bareManifest, createOracle, oracleSessions } from '../oracle.js';

const config = createConfig({
  channels: 3,
  height: 8,
  width: 8,
  levels: 2,
  steps: 2,
  hiddenChannels: 8,
  bits: 5,
});
const oracle = createOracle(config, 3);
const codec = sharpCodec(2 ** 20);

function modelOf(of: GlowConfig = config, batchSize?: number, change: Partial<Sessions> = {}): GlowModel {
  const sessions = oracleSessions(of === config ? oracle : createOracle(of, 3), of.levels);
  const graphs = graphsOf({ ...sessions, ...change });
  return createModel({ manifest: bareManifest(of), graphs, codec, batchSize });
}
type Sessions = ReturnType<typeof oracleSessions>;
function graphsOf({ encoder, decoder }: Sessions): OpenGraphs {
  return {
    device: 'cpu',
    skipped: [],
    encoder: async () => encoder,
    decoder: async () => decoder,
    release: async () => void (await Promise.all([encoder.release(), decoder.release()])),
  };
}

function picture(index: number, height = 8, width = 8, channels = 3): RawImage {
  const random = createRandom(5, index);
  const data = Uint8Array.from({ length: height * width * channels }, () => random.below(256));
  return { data, height, width, channels };
}
const bins = (images: readonly RawImage[]) => images.map(({ data }) => [...data].map((p) => p >> 3));
const pictures = [picture(0), picture(1, 4, 12), picture(2), picture(3, 4, 12), picture(4)];

describe('a model', () => {
  const model = modelOf();

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
        const other = modelOf(config, batchSize);
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
  const model = modelOf();
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
      'encode: images[1]: image 8×6 cannot',
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
    ['no image', () => model.encode(7 as never), 'encode: expected { data: Uint8Array'],
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
    ['a temperature below zero', () => model.sample({ temperature: -1 }), 'sample: temperature must be'],
    [
      'a temperature that is NaN',
      () => model.sample({ temperature: Number.NaN }),
      'sample: temperature must be',
    ],
    [
      'a height that cannot be',
      () => model.sample({ height: 6 }),
      'sample: image 6×8 cannot pass 2 levels: height',
    ],
    ['a height of zero', () => model.sample({ height: 0 }), 'sample: image 0×8 cannot pass 2 levels: height'],
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
      'interpolate: a is 8×8 and b is 4×8; bring them to one size',
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

  const spoil = (session: OpenSession, output: string, value: number): OpenSession => ({
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
    const bad = modelOf(config, 2, { encoder: spoil(encoder, output, Number.NaN) });
    await expect(bad.encode([good, good])).rejects.toThrow(
      `encode: the model gives NaN in ${output} of image 1`,
    );
    await expect(bad.bitsPerDim(good, { draws: 2 })).rejects.toThrow(`gives NaN in ${output} of image 0`);
  });

  test('infinity in x names the image', async () => {
    const bad = modelOf(config, 2, { decoder: spoil(decoder, 'x', Number.POSITIVE_INFINITY) });
    await expect(bad.sample({ count: 2 })).rejects.toThrow(
      'decode: the model gives Infinity in x of image 1',
    );
  });

  test('a graph without an output says so', async () => {
    const bad = modelOf(config, 2, { decoder: { ...decoder, run: async () => ({}) } });
    await expect(bad.sample()).rejects.toThrow('decode: the graph has no output "x"');
  });

  test('a disposed model says so; disposing twice is fine', async () => {
    let releases = 0;
    const release = async () => {
      releases++;
    };
    const gone = modelOf(config, 2, { encoder: { ...encoder, release }, decoder: { ...decoder, release } });
    await Promise.all([gone.dispose(), gone[Symbol.asyncDispose]()]);
    await gone.dispose();
    expect(releases).toBe(2);
    await expect(gone.encode(good)).rejects.toThrow('encode: this model is disposed; load it again');
    await expect(gone.sample()).rejects.toThrow('sample: this model is disposed');
  });
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
    await expect(model.sample({ count: 3, label: [0, 1] })).rejects.toThrow('expected one label or 3, got 2');
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
