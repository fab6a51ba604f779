import { checksumOf } from '@glow-onnx/flow/manifest';
import { type Calibration, encodeCalibration, falseAlarmsIn, parseCalibration } from '@glow-onnx/runtime';

const list = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i * 0.5);
const good: Calibration = {
  ...{ model: 'a'.repeat(64), precision: 'fp32', draws: 8, bound: 'mean', fit: 'cover' },
  ...{ falseAlarms: 0.05, grouped: false },
  reference: { density: list(8), excess: list(8, 1), level0: list(8), level1: list(8) },
  scores: { density: list(19), excess: list(19, 1), level0: list(19), level1: list(19) },
};
const changed = (change: object) => ({ ...good, ...change }) as Calibration;

/** The text of a file with other facts and a right checksum. */
function written(change: object): string {
  const { checksum: _, ...facts } = JSON.parse(encodeCalibration(good));
  const all = { ...facts, ...change };
  return JSON.stringify({ ...all, checksum: checksumOf(all) });
}

test('a calibration survives its file to the last bit', () => {
  const third = changed({ scores: { ...good.scores, excess: list(19, 1 / 3) } });
  expect(parseCalibration(encodeCalibration(third))).toEqual(third);
  expect(parseCalibration(new TextEncoder().encode(encodeCalibration(third)))).toEqual(third);
});

test.each<[string, string, string]>([
  ['no JSON', '{"format":', 'calibration: not valid JSON'],
  ['another file', '{"formatVersion":2}', 'calibration: expected the format "glow-calibration"'],
  [
    'a newer version',
    written({ version: 2 }),
    'calibration: format version 2 is newer than this release knows',
  ],
  [
    'a changed number',
    encodeCalibration(good).replace('0.05', '0.04'),
    'calibration: its checksum differs from its contents',
  ],
  ['an unknown field', written({ colour: 1 }), 'calibration: unknown option "colour"'],
  ['a field less', written({ draws: undefined }), 'calibration: draws is missing; calibrate again'],
  ['no draws', written({ draws: 0 }), 'calibration: draws must be an integer from 1 on, got 0'],
  ['an unknown bound', written({ bound: 'elbo' }), 'calibration: bound must be "mean" or "importance"'],
  ['a rate of 1', written({ falseAlarms: 1 }), 'falseAlarms must be a rate from 0.00001 up, below 1'],
  [
    'a text among numbers',
    written({ reference: { ...good.reference, density: ['x'] } }),
    'reference must be lists of at most 100000 finite numbers',
  ],
  [
    'lists of different lengths',
    written({ scores: { ...good.scores, density: [1] } }),
    'scores must be lists of at most 100000 finite numbers by name, all of one length',
  ],
  [
    'an unknown statistic',
    written({ scores: { beauty: [1] }, reference: { beauty: list(8) } }),
    'expected the same statistics in reference and scores, of density, excess, levels',
  ],
  [
    'other statistics',
    written({ scores: { density: list(19) } }),
    'expected the same statistics in reference',
  ],
  [
    'no images',
    written({ reference: { density: [] }, scores: { density: [] } }),
    'expected at least 5 reference images and 1 with scores, got 0 and 0',
  ],
])('a file with %s is refused', (_, text, message) => {
  expect(() => parseCalibration(text)).toThrow(message);
});

test('what is no calibration is not written', () => {
  expect(() => encodeCalibration('{}' as never)).toThrow('calibration: expected what calibrate returns');
  expect(() => encodeCalibration(changed({ precision: 'fp64' }))).toThrow('calibration: precision must be');
});

test('the rate of false alarms comes with its interval, and with the images that a lower one needs', () => {
  const { asked, expected, interval } = falseAlarmsIn(good);
  expect([asked, expected]).toEqual([0.05, 0.05]);
  expect(interval[0]).toBeCloseTo(1 - 0.975 ** (1 / 19), 6);
  expect(() => falseAlarmsIn(good, 0.01)).toThrow(
    'a false-alarm rate of 0.01 needs 99 images to compare with, so at least 131 with those for reference; ' +
      'there are 19 to compare with, enough for a rate of 0.05',
  );
  expect(() => falseAlarmsIn(changed({ grouped: true }), 0.01)).toThrow('needs 99 groups to compare with');
  expect(() => falseAlarmsIn(good, 2)).toThrow('falseAlarms must be a rate from 0.00001 up, below 1');
});
