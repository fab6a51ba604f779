import { createRandom } from '@glow-onnx/flow';
import {
  alarmRank,
  betaQuantile,
  falseAlarmsAt,
  leastScores,
  pValue,
} from '../../../../packages/runtime/src/calibration/conformal.js';
import { leastGroups, splitByGroup } from '../../../../packages/runtime/src/calibration/split.js';
import { strangenessAmong } from '../../../../packages/runtime/src/calibration/strangeness.js';

describe('a conformal p-value', () => {
  test('counts scores that are at least as high, and the image itself', () => {
    const sorted = [1, 2, 2, 3];
    expect([0, 1, 1.5, 2, 3, 3.1].map((score) => pValue(sorted, score))).toEqual([1, 1, 0.8, 0.8, 0.4, 0.2]);
  });

  test('is at most α with probability k/(n + 1), whatever the scores are distributed like: every order is counted', () => {
    // Of 5 exchangeable scores without ties, each is the new one equally often.
    const scores = [0.1, 7, -3, 1e9, 2];
    const found = scores.map((score, i) =>
      pValue(
        scores.filter((_, j) => j !== i).sort((a, b) => a - b),
        score,
      ),
    );
    expect(found.sort((a, b) => a - b)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
  });

  test('needs 1/α − 1 scores, and rounding takes none away', () => {
    expect([0.01, 0.05, 0.1, 0.29, 0.07].map(leastScores)).toEqual([99, 19, 9, 3, 14]);
    for (let k = 1; k < 1000; k++) expect(alarmRank(999, k / 1000)).toBe(k);
  });
});

describe('the interval of the false-alarm rate', () => {
  test('is that of the Beta distribution: closed forms', () => {
    // Beta(1, n) has the quantile 1 − (1 − p)^(1/n), Beta(n, 1) has p^(1/n).
    for (const n of [1, 7, 99, 5000]) {
      for (const p of [0.025, 0.5, 0.975]) {
        expect(betaQuantile(1, n, p)).toBeCloseTo(1 - (1 - p) ** (1 / n), 10);
        expect(betaQuantile(n, 1, p)).toBeCloseTo(p ** (1 / n), 10);
      }
    }
  });

  test('holds the rate of simulated calibrations 95 times in 100', () => {
    const [count, asked] = [199, 0.05];
    const { interval, expected } = falseAlarmsAt(count, asked);
    expect(expected).toBe(0.05);
    const random = createRandom(1);
    const trials = 4000;
    let inside = 0;
    for (let trial = 0; trial < trials; trial++) {
      const scores = Array.from({ length: count }, random.uniform).sort((a, b) => a - b);
      const rate = 1 - (scores[count - alarmRank(count, asked)] as number); // uniform: its own distribution function
      if (rate >= interval[0] && rate <= interval[1]) inside++;
    }
    // 0.95 ± 5 standard errors of 4,000 trials.
    expect(Math.abs(inside / trials - 0.95)).toBeLessThan(5 * Math.sqrt((0.95 * 0.05) / trials));
  });
});

describe('strangeness', () => {
  test('is the distance beyond the outer quartile in mean distances there', () => {
    const reference = [0, 1, 2, 3, 4];
    expect([3, 4, 5, 1].map(strangenessAmong(reference, 1))).toEqual([0, 2, 4, -4]);
    expect([5, -1, 2].map(strangenessAmong(reference, 2))).toEqual([4, 4, -2]);
  });

  test('is −ln of the share beyond, less ln 4, where the tail is exponential', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => -Math.log((i + 0.5) / 20_000));
    const strangeness = strangenessAmong(values, 1);
    for (const share of [0.1, 0.01, 0.001]) {
      expect(strangeness(-Math.log(share))).toBeCloseTo(-Math.log(share) - Math.log(4), 1);
    }
  });

  test('of values that do not differ is an error', () => {
    expect(() => strangenessAmong([0, 1, 1, 1, 1], 1)).toThrow(
      'a quarter of the 5 reference images have one value, or values too far apart',
    );
    expect(() => strangenessAmong([0, 0.5, 1, 1, 2], 2)).not.toThrow();
  });
});

describe('the split', () => {
  test('takes a quarter of the groups for reference, and one image of each other group', () => {
    const groups = Array.from({ length: 60 }, (_, i) => `photo ${i % 12}`);
    const { reference, scores } = splitByGroup(groups, 4);
    const ofReference = new Set(reference.map((i) => groups[i]));
    const ofScores = scores.map((i) => groups[i]);
    expect([ofReference.size, reference.length, scores.length, new Set(ofScores).size]).toEqual([
      3, 15, 9, 9,
    ]);
    expect(ofScores.filter((group) => ofReference.has(group))).toEqual([]);
    expect(splitByGroup(groups, 4)).toEqual({ reference, scores });
    expect(splitByGroup(groups, 5)).not.toEqual({ reference, scores });
  });

  test('draws each image of a group equally often', () => {
    const counts = [0, 0, 0, 0];
    for (let seed = 0; seed < 2000; seed++) {
      for (const i of splitByGroup([0, 0, 0, 0, 1, 2, 3], seed).scores)
        if (i < 4) counts[i] = (counts[i] as number) + 1;
    }
    const total = counts.reduce((a, b) => a + b, 0);
    for (const count of counts) {
      expect(Math.abs(count / total - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / total));
    }
  });

  test('says how many groups a number of scores needs', () => {
    for (const wanted of [1, 2, 3, 19, 99, 100]) {
      const groups = leastGroups(wanted);
      const count = (n: number) =>
        splitByGroup(
          Array.from({ length: n }, (_, i) => i),
          0,
        ).scores.length;
      expect([count(groups) >= wanted, groups === 1 || count(groups - 1) < wanted]).toEqual([true, true]);
    }
  });
});
