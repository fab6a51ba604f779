import { type Calibration, createRandom, type Random } from '@glow-onnx/runtime';
import { judgeOf } from '../../../../packages/runtime/src/calibration/judge.js';
import { splitByGroup } from '../../../../packages/runtime/src/calibration/split.js';
import { alarmBounds } from '../../../support/beta-binomial.js';

/** Values of an image: skewed, of different scales, and correlated, as scores of images are. */
type Values = Record<string, number>;
function draw(random: Random, common = 0): Values {
  const shared = random.normal() + common;
  const density = Math.exp(shared + 0.3 * random.normal());
  const level0 = density * 0.7 + 0.1 * random.normal();
  return { density, excess: 5 * shared + random.normal() ** 3, level0, level1: density - level0 };
}

function calibrationOf(
  images: readonly Values[],
  groups: readonly number[] | undefined,
  seed: number,
): Calibration {
  const split = splitByGroup(groups ?? images.map((_, i) => i), seed);
  const columns = (places: readonly number[]) =>
    Object.fromEntries(
      ['density', 'excess', 'level0', 'level1'].map((name) => [
        name,
        places.map((at) => (images[at] as Values)[name] as number),
      ]),
    );
  return {
    ...{ model: '', precision: 'fp32', draws: 1, bound: 'mean', fit: 'cover', falseAlarms: 0.05 },
    ...{ grouped: groups !== undefined, reference: columns(split.reference), scores: columns(split.scores) },
  };
}

/** Alarms of the combination and of each statistic on these images. */
function alarms(calibration: Calibration, images: readonly Values[], rate: number): number[] {
  const { judge } = judgeOf(calibration, rate);
  const verdicts = images.map(judge);
  return [
    verdicts.filter(({ unusual }) => unusual).length,
    ...Object.keys(calibration.scores).map(
      (name) => verdicts.filter(({ statistics }) => (statistics[name]?.p ?? 1) <= rate).length,
    ),
  ];
}

describe.each([0.01, 0.05])('a false-alarm rate of %d', (rate) => {
  test('is kept by the combination and by each statistic', () => {
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const images = Array.from({ length: 800 }, () => draw(random));
      const calibration = calibrationOf(images, undefined, seed);
      const fresh = Array.from({ length: 4000 }, () => draw(random));
      const [low, high] = alarmBounds(600, rate, fresh.length);
      for (const count of alarms(calibration, fresh, rate)) {
        expect([count >= low, count <= high]).toEqual([true, true]);
      }
    }
  });

  test('is kept on average over calibrations, to less than a quarter of it', () => {
    const random = createRandom(9);
    let total = 0;
    const [rounds, each] = [400, 50];
    for (let round = 0; round < rounds; round++) {
      const calibration = calibrationOf(
        Array.from({ length: 132 }, () => draw(random)),
        undefined,
        round,
      );
      total += alarms(
        calibration,
        Array.from({ length: each }, () => draw(random)),
        rate,
      )[0] as number;
    }
    const expected = Math.floor(rate * 100) / 100;
    expect(Math.abs(total / (rounds * each) / expected - 1)).toBeLessThan(0.25);
  });
});

describe('patches of photographs', () => {
  /** Patches of a photograph are alike. */
  const photograph = (random: Random, patches: number) => {
    const common = 5 * random.normal();
    return Array.from({ length: patches }, () => draw(random, common));
  };
  const rate = 0.05;
  const run = (grouped: boolean, photographs: number, seed: number) => {
    const random = createRandom(seed);
    const images = Array.from({ length: photographs }, () => photograph(random, 20)).flat();
    const groups = images.map((_, i) => Math.floor(i / 20));
    const calibration = calibrationOf(images, grouped ? groups : undefined, seed);
    const fresh = Array.from({ length: 2000 }, () => photograph(random, 1)).flat(); // each of a new photograph
    const count = alarms(calibration, fresh, rate)[0] as number;
    const [low, high] = alarmBounds(Object.values(calibration.scores)[0]?.length ?? 0, rate, fresh.length);
    return count >= low && count <= high;
  };

  test('keep the rate if one patch of each photograph counts', () => {
    for (let seed = 0; seed < 12; seed++) expect(run(true, 30, seed)).toBe(true);
  });

  test('do not keep it if all patches count as images of their own', () => {
    // Valid ones lie outside once in 1,000.
    const held = Array.from({ length: 40 }, (_, seed) => run(false, 30, seed));
    expect(held.filter((each) => !each).length).toBeGreaterThan(3);
  });
});

test('strangeness is in the order of p, and tells apart images beyond all of the calibration', () => {
  const random = createRandom(4);
  const calibration = calibrationOf(
    Array.from({ length: 132 }, () => draw(random)),
    undefined,
    1,
  );
  const { judge } = judgeOf(calibration);
  const verdicts = Array.from({ length: 300 }, (_, i) => judge(draw(random, i / 60)));
  const ordered = verdicts.sort((a, b) => a.strangeness - b.strangeness);
  for (const [i, { p }] of ordered.entries()) expect(p).toBeLessThanOrEqual(ordered[i - 1]?.p ?? 1);
  const beyond = ordered.filter(({ p }) => p === 1 / 100);
  expect(beyond.length).toBeGreaterThan(20);
  expect(new Set(beyond.map(({ strangeness }) => strangeness)).size).toBe(beyond.length);

  // Of 0, 1 … 4 and 0, 10 … 40 the upper quartiles begin at 3 and 30, with mean distances of 0.5 and 5 beyond.
  const reference = { excess: [0, 1, 2, 3, 4], gradient: [0, 10, 20, 30, 40] };
  const two = judgeOf({ ...calibration, reference, scores: reference }, 0.5);
  expect(two.judge({ excess: 5, gradient: 60 })).toMatchObject({ strangeness: 4 + 6, p: 1 / 6 });
});
