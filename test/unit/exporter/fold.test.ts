import { createRandom, decode, encode, float64Ops } from '@glow-onnx/flow';
import { latentShapes } from '@glow-onnx/flow/internal';
import { exported } from '../../support/exported-graphs.js';
import { flatten, relativeError } from '../../support/numeric.js';
import { labelsFor, randomTensor } from '../../support/random-params.js';
import { variants } from '../../support/variants.js';

/** Products of matrices in another order: float64 rounding, 1e-16 a step. */
const FOLDED = 1e-12;

describe.each(variants)('folding $name', ({ config }) => {
  const { channels, height, width, steps, classes } = config;
  const { glow, forward, inverse, folded } = exported(config, 41);
  const label = labelsFor(classes, 2);
  const random = createRandom(42);

  test('changes neither latents nor log densities', () => {
    const x = randomTensor([2, channels, height, width], random, 0.3);
    const expected = encode(glow, float64Ops, x, forward, label);
    const got = encode(folded.encode, float64Ops, x, folded.encode.weights, label);
    expect(relativeError(flatten(got.latents), flatten(expected.latents))).toBeLessThan(FOLDED);
    expect(relativeError(flatten(got.logProbLevels), flatten(expected.logProbLevels))).toBeLessThan(FOLDED);
  });

  test('changes no decoded image', () => {
    const z = latentShapes(config, 2, height, width).map((shape) => randomTensor(shape, random, 0.5));
    const expected = decode(glow, float64Ops, z, inverse, label);
    const got = decode(folded.decode, float64Ops, z, folded.decode.weights, label);
    expect(relativeError(got.data, expected.data)).toBeLessThan(FOLDED);
  });

  test('leaves two layers a step, the squeeze gone', () => {
    for (const { levels } of [folded.encode, folded.decode]) {
      const logits = Number(config.logitRange > 0); // the layer before the first level's squeeze
      expect(levels.map(({ layers }) => layers.length)).toEqual(
        levels.map((_, l) => 2 * steps + (l === 0 ? logits : 0)),
      );
    }
    const places = (weights: object) => Object.keys(weights).filter((name) => /steps\.0|squeeze/.test(name));
    expect(places(folded.encode.weights).sort()).toEqual(
      levelsOf(config.levels, ['steps.0.conv1x1', 'steps.0.coupling']),
    );
    expect(places(folded.decode.weights).sort()).toEqual(
      levelsOf(config.levels, ['squeeze', 'steps.0.coupling']),
    );
  });
});

function levelsOf(levels: number, names: readonly string[]): string[] {
  return Array.from({ length: levels }, (_, l) => names.map((name) => `levels.${l}.${name}`)).flat();
}
