import {
  createGlow,
  createRandom,
  decode,
  encode,
  forwardWeights,
  inverseWeights,
  type LayerParams,
  type Named,
  type Ops,
} from '@glow-onnx/flow';
import { latentShapes, liftWeights } from '@glow-onnx/flow/internal';
import { interpreters, runFloat64 } from '../../support/interpreters.js';
import { relativeError } from '../../support/numeric.js';
import { labelsFor, randomParams, randomTensor } from '../../support/random-params.js';
import { variants } from '../../support/variants.js';

/** Float32 rounding through two levels of two steps; logDet sums it over an image. */
const FLOAT32 = 2e-5;

describe.each(variants)('$name', ({ config }) => {
  const glow = createGlow(config);
  const params = randomParams(glow, 21);
  const { channels, height, width, classes } = config;
  const label = labelsFor(classes, 2);
  const random = createRandom(22);
  const x = randomTensor([2, channels, height, width], random, 0.3);
  const latents = latentShapes(config, 2, height, width).map((shape) => randomTensor(shape, random, 0.5));

  const encoding = <T>(ops: Ops<T>, images: Named<T>): readonly T[] => {
    const trainable = Object.entries(params.trainable).map(([name, value]) => [name, ops.constant(value)]);
    const lifted: LayerParams<T> = { trainable: Object.fromEntries(trainable), fixed: params.fixed };
    const result = encode(glow, ops, images.x, forwardWeights(glow, ops, lifted), images.label);
    return [...result.latents, result.logProb, ...result.logProbLevels];
  };
  const inverse = inverseWeights(glow, params);
  const decoding = <T>(ops: Ops<T>, images: Named<T>): readonly T[] => [
    decode(
      glow,
      ops,
      latents.map((_, i) => images[`z${i}`]),
      liftWeights(ops, inverse),
      images.label,
    ),
  ];
  const labelled = label ? { label } : {};
  const inputs = Object.fromEntries(latents.map((z, i) => [`z${i}`, z]));

  test.each(interpreters)('$name encodes as float64 does, from the parameters on', async ({ run }) => {
    const expected = await runFloat64({ x, ...labelled }, encoding);
    const got = await run({ x, ...labelled }, encoding);
    expect(got.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
    for (const [i, value] of got.entries()) {
      expect(relativeError(value.data, expected[i].data)).toBeLessThan(FLOAT32);
    }
  });

  test.each(interpreters)('$name decodes as float64 does', async ({ run }) => {
    const [expected] = await runFloat64({ ...inputs, ...labelled }, decoding);
    const [got] = await run({ ...inputs, ...labelled }, decoding);
    expect(got.shape).toEqual(expected.shape);
    expect(relativeError(got.data, expected.data)).toBeLessThan(FLOAT32);
  });
});
