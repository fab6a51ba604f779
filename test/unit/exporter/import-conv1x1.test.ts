import {
  type Checkpoint,
  createGlow,
  type Float64Tensor,
  float64Ops,
  forwardWeights,
  tensor,
} from '@glow-onnx/flow';
import { matmul } from '@glow-onnx/flow/internal';
import { importWeights } from '../../../packages/exporter/src/import/import-weights.js';
import {
  expectFlow,
  filledLike,
  goldenWeights,
  randomImage,
  save,
  type Weights,
} from '../../support/import-fixtures.js';
import { relativeError } from '../../support/numeric.js';

/** Two ways through the same float64 numbers: the import's LU factors and signs, and the plain product. */
const FLOAT64_TOLERANCE = 1e-12;

/** W of a step as the other program computes it from what it stores, [C, C]. */
function foreignMatrix(weights: Weights, place: string): Float64Tensor {
  const full = weights[`${place}.weight`];
  if (full) return tensor(full.shape.slice(0, 2), full.data);
  const [p, l, u, s, sign] = ['w_p', 'w_l', 'w_u', 'w_s', 's_sign'].map(
    (name) => weights[`${place}.${name}`],
  );
  const n = s.data.length;
  const lower = filledLike(l, (at) =>
    at % n < Math.floor(at / n) ? l.data[at] : Number(at % (n + 1) === 0),
  );
  const upper = filledLike(u, (at) =>
    at % n > Math.floor(at / n)
      ? u.data[at]
      : at % (n + 1) === 0
        ? sign.data[at % n] * Math.exp(s.data[at % n])
        : 0,
  );
  return matmul(p, matmul(lower, upper));
}

/** Actnorm then 1×1 convolution of one step, on a batch of pixels [C, pixels], by the port's definition. */
function foreignStep(weights: Weights, place: string, x: Float64Tensor): Float64Tensor {
  const { data: scale } = weights[`${place}.actnorm.scale`];
  const { data: loc } = weights[`${place}.actnorm.loc`];
  const pixels = x.shape[1];
  const normalised = filledLike(x, (at) => {
    const channel = Math.floor(at / pixels);
    return scale[channel] * (x.data[at] + loc[channel]);
  });
  return matmul(foreignMatrix(weights, `${place}.invconv`), normalised);
}

/** The same two layers of the imported model. */
function importedStep({ config, params }: Checkpoint, place: string, x: Float64Tensor): Float64Tensor {
  const weights = forwardWeights(createGlow(config), float64Ops, params);
  const { scale, bias } = weights[`${place}.actnorm`];
  const pixels = x.shape[1];
  const normalised = filledLike(x, (at) => {
    const channel = Math.floor(at / pixels);
    return scale.data[channel] * x.data[at] + bias.data[channel];
  });
  return matmul(weights[`${place}.conv1x1`].matrix, normalised);
}

function expectSameSteps(checkpoint: Checkpoint, weights: Weights): void {
  for (const level of [0, 1]) {
    for (const step of [0, 1]) {
      const x = randomImage([12 * 2 ** level, 5]);
      const expected = foreignStep(weights, `blocks.${level}.flows.${step}`, x);
      const actual = importedStep(checkpoint, `levels.${level}.steps.${step}`, x);
      expect(relativeError(actual.data, expected.data)).toBeLessThan(FLOAT64_TOLERANCE);
    }
  }
}

/** Puts the product of LU factors in their place. */
function storeFull(weights: Weights, places: readonly string[]): Weights {
  const changed = { ...weights };
  for (const place of places) {
    const w = foreignMatrix(weights, place);
    for (const name of Object.keys(changed)) if (name.startsWith(`${place}.`)) delete changed[name];
    changed[`${place}.weight`] = tensor([...w.shape, 1, 1], w.data);
  }
  return changed;
}

/** Turns the scale of every third channel of each actnorm. */
function withNegativeScales(weights: Weights): Weights {
  return Object.fromEntries(
    Object.entries(weights).map(([name, value]) => [
      name,
      name.endsWith('actnorm.scale')
        ? filledLike(value, (i) => value.data[i] * (i % 3 === 1 ? -1 : 1))
        : value,
    ]),
  );
}

const convPlaces = [0, 1].flatMap((level) => [0, 1].map((step) => `blocks.${level}.flows.${step}.invconv`));

describe('the steps of a port import', () => {
  const weights = goldenWeights('port');

  it('compute what the port defines', () => {
    expectSameSteps(importWeights(save(weights), 'port'), weights);
  });

  it('have the signs of negative actnorm scales in their LU factors', () => {
    const negative = withNegativeScales(weights);
    const checkpoint = importWeights(save(negative), 'port');
    expectSameSteps(checkpoint, negative);
    expectFlow(checkpoint);
  });

  it('keep full matrices full', () => {
    const full = withNegativeScales(storeFull(weights, convPlaces));
    const checkpoint = importWeights(save(full), 'port');
    expect(checkpoint.config.conv1x1).toBe('full');
    expectSameSteps(checkpoint, full);
    expectFlow(checkpoint);
  });

  it('have LU factors throughout if any of them has', () => {
    const mixed = withNegativeScales(storeFull(weights, convPlaces.slice(1, 3)));
    const checkpoint = importWeights(save(mixed), 'port');
    expect(checkpoint.config.conv1x1).toBe('lu');
    expectSameSteps(checkpoint, mixed);
    expectFlow(checkpoint);
  });

  it('are refused where they cannot be inverted', () => {
    const scale = 'blocks.0.flows.1.actnorm.scale';
    const zero = { ...weights, [scale]: filledLike(weights[scale], (i) => i) };
    expect(() => importWeights(save(zero), 'port')).toThrow(
      /actnorm\.scale" is 0 at channel 0: not invertible/,
    );
    const mixed = storeFull(weights, convPlaces.slice(0, 1));
    const name = `${convPlaces[0]}.weight`;
    const singular = { ...mixed, [name]: filledLike(mixed[name], () => 1) };
    expect(() => importWeights(save(singular), 'port')).toThrow(/invconv\.weight": the matrix is singular/);
  });
});
