import {
  type Checkpoint,
  createGlow,
  createRandom,
  decode,
  encode,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  inverseWeights,
  tensor,
} from '@glow-onnx/flow';
import { sizeOf } from '@glow-onnx/flow/internal';
import { importWeights } from '../../../packages/exporter/src/import/import-weights.js';
import { type Golden, goldenFiles, readGolden } from '../../support/golden-files.js';
import { flatten, numericalLogDet, relativeError } from '../../support/numeric.js';

/** Two float64 programs that add in different orders; they agree to about 1e-15 a layer, and this is asked of them. */
const FLOAT64_TOLERANCE = 1e-9;
/** Central differences with a step of 1e-5 err by about 1e-10 an entry, and hundreds of entries add up. */
const JACOBIAN_TOLERANCE = 1e-6;

describe.each(goldenFiles)('$file', ({ file, layout }) => {
  const golden = readGolden(file);
  const { config, params } = importWeights(golden.bytes, layout);
  const glow = createGlow(config);

  it('has the config that its file tells, which the importer has not read', () => {
    const { metadata } = golden;
    expect(config).toMatchObject({
      channels: Number(metadata.channels),
      levels: Number(metadata.levels),
      steps: Number(metadata.steps),
      hiddenChannels: Number(metadata.hidden),
      coupling: { 'affine-tanh2': 'tanh', 'affine-sigmoid': 'sigmoid', additive: 'additive' }[
        metadata.coupling
      ],
      prior: { 'standard-normal': 'standard', learned: 'learned' }[metadata.prior],
    });
  });

  it('encodes to the reference latents, logDet and log density in float64', () => {
    const { latents, logProb, steps } = encodeRecorded({ config, params }, golden.get('x'));
    const priors = referencePriors(golden, steps, config.levels);
    latents.forEach((latent, level) => {
      const { mean, logSd } = priors[level];
      const z = latent.data.map((eps, i) => mean[i] + Math.exp(logSd[i]) * eps);
      expect(relativeError(z, golden.get(`expect.encode.z${level}`).data)).toBeLessThan(FLOAT64_TOLERANCE);
    });

    const batch = logProb.shape[0];
    const logPz = new Float64Array(batch);
    latents.forEach(({ data }, level) => {
      const size = data.length / batch;
      data.forEach((eps, i) => {
        logPz[Math.floor(i / size)] -= 0.5 * (eps * eps + Math.log(2 * Math.PI)) + priors[level].logSd[i];
      });
    });
    const logDet = logProb.data.map((value, i) => value - logPz[i]);
    const expectedLogDet = golden.get('expect.encode.log_det').data;
    const expectedLogProb = golden.has('expect.encode.log_prob')
      ? golden.get('expect.encode.log_prob').data
      : golden.get('expect.encode.log_p_z').data.map((value, i) => value + expectedLogDet[i]);
    expect(relativeError(logProb.data, expectedLogProb)).toBeLessThan(FLOAT64_TOLERANCE);
    expect(relativeError(logDet, expectedLogDet)).toBeLessThan(FLOAT64_TOLERANCE);
  });

  it('decodes the reference latents to the reference image in float64', () => {
    const latents = golden.list(layout === 'tutorial' ? 'decode.z' : 'decode.eps');
    const x = decode(glow, float64Ops, latents, inverseWeights(glow, params));
    const expected = golden.get('expect.decode.x');
    expect(x.shape).toEqual(expected.shape);
    expect(relativeError(x.data, expected.data)).toBeLessThan(FLOAT64_TOLERANCE);
  });

  it.each([
    [1, 2],
    [3, 1],
  ])('restores what it encodes at %i×%i times the smallest size', (rows, columns) => {
    const [height, width] = [rows, columns].map((times) => times * 2 ** config.levels);
    const x = randomImage([2, config.channels, height, width]);
    const { latents } = encode(glow, float64Ops, x, forwardWeights(glow, float64Ops, params));
    const restored = decode(glow, float64Ops, latents, inverseWeights(glow, params));
    expect(relativeError(restored.data, x.data)).toBeLessThan(FLOAT64_TOLERANCE);
  });

  it('has the logDet of its numerical Jacobian, on an image that is not square', () => {
    const x = randomImage([1, config.channels, 2 ** config.levels, 2 ** (config.levels + 1)]);
    const { latents, logProb } = encode(glow, float64Ops, x, forwardWeights(glow, float64Ops, params));
    const logDensity = flatten(latents).reduce(
      (sum, eps) => sum - 0.5 * (eps * eps + Math.log(2 * Math.PI)),
      0,
    );
    const logDet = logProb.data[0] - logDensity; // to the standardised latents
    const weights = forwardWeights(glow, float64Ops, params);
    const expected = numericalLogDet(
      (moved) => flatten(encode(glow, float64Ops, tensor(x.shape, moved), weights).latents),
      x.data,
    );
    expect(Math.abs(logDet - expected)).toBeLessThan(JACOBIAN_TOLERANCE);
  });
});

type Model = Pick<Checkpoint, 'config' | 'params'>;

function randomImage(shape: number[]): Float64Tensor {
  const random = createRandom(11);
  return tensor(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => random.uniform() - 0.5),
  );
}

/** Encodes and keeps what leaves the last step of each level, batch × channels × h × w. */
function encodeRecorded({ config, params }: Model, x: Float64Tensor) {
  const glow = createGlow(config);
  const named = new Map<string, Float64Tensor>();
  const ops = {
    ...float64Ops,
    named(value: Float64Tensor, name: string) {
      named.set(name, value);
      return value;
    },
  };
  const encoding = encode(glow, ops, x, forwardWeights(glow, float64Ops, params));
  const steps = Array.from(
    { length: config.levels },
    (_, level) => named.get(`levels.${level}.steps.${config.steps - 1}.y`) as Float64Tensor,
  );
  return { ...encoding, steps };
}

/**
 * Mean and log-sd of each latent element, computed here from the file's own tensors: a 3×3 convolution padded
 * with ones, (conv + bias)·exp(3·scale), of the first half of a level's output, or of zeros at the top.
 */
function referencePriors(golden: Golden, steps: readonly Float64Tensor[], levels: number) {
  return steps.map(({ shape: [batch, channels, height, width], data }, level) => {
    const place = `param.blocks.${level}.prior`;
    const isTop = level === levels - 1;
    const latent = isTop ? channels : channels / 2;
    const size = batch * latent * height * width;
    const mean = new Float64Array(size);
    const logSd = new Float64Array(size);
    if (!golden.has(`${place}.scale`)) return { mean, logSd };
    const [weight, bias, scale] = ['conv.weight', 'conv.bias', 'scale'].map(
      (name) => golden.get(`${place}.${name}`).data,
    );
    const input = (b: number, c: number, i: number, j: number): number => {
      if (i < 0 || j < 0 || i >= height || j >= width) return 1;
      return isTop ? 0 : data[((b * channels + c) * height + i) * width + j];
    };
    const output = (b: number, o: number, i: number, j: number): number => {
      let sum = bias[o];
      for (let c = 0; c < latent; c++) {
        for (let tap = 0; tap < 9; tap++) {
          sum +=
            weight[(o * latent + c) * 9 + tap] * input(b, c, i + Math.floor(tap / 3) - 1, j + (tap % 3) - 1);
        }
      }
      return sum * Math.exp(3 * scale[o]);
    };
    for (let at = 0; at < size; at++) {
      const [b, c] = [Math.floor(at / (latent * height * width)), Math.floor(at / (height * width)) % latent];
      const [i, j] = [Math.floor(at / width) % height, at % width];
      mean[at] = output(b, c, i, j);
      logSd[at] = output(b, latent + c, i, j);
    }
    return { mean, logSd };
  });
}
