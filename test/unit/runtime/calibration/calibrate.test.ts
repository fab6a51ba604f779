import { type Calibration, createRandom, type RawImage } from '@glow-onnx/runtime';
import { tinyConfig } from '../../../support/tiny-config.js';
import { modelOf } from '../oracle-model.js';

const config = tinyConfig({ bits: 5 });
const model = modelOf(config);

function noise(index: number): RawImage {
  const random = createRandom(5, index);
  const range = 100 + random.below(100);
  const data = Uint8Array.from({ length: 192 }, () => random.below(range));
  return { data, height: 8, width: 8, channels: 3 };
}
const images = Array.from({ length: 30 }, (_, i) => noise(i));
const options = { draws: 2, falseAlarms: 0.1 };
let calibration: Calibration;
beforeAll(async () => {
  calibration = await model.calibrate(images, options);
});

test('a calibration has the values of score, split at random', async () => {
  const scores = await model.score(images, { draws: 2 });
  const all = (name: string) => [...(calibration.reference[name] ?? []), ...(calibration.scores[name] ?? [])];
  const ascending = (values: number[]) => values.sort((a, b) => a - b);
  expect(ascending(all('density'))).toEqual(ascending(scores.map(({ bitsPerDim }) => bitsPerDim)));
  expect(ascending(all('excess'))).toEqual(ascending(scores.map(({ excess }) => excess as number)));
  expect([calibration.reference.density?.length, calibration.scores.density?.length]).toEqual([7, 23]);
  expect(Object.keys(calibration.scores)).toEqual(['density', 'excess', 'level0', 'level1']);
  expect(await model.calibrate(images, options)).toEqual(calibration);
});

test('the bits of the levels are those of the image', () => {
  const { density, level0, level1 } = calibration.scores as Record<string, number[]>;
  for (const [i, bits] of (density as number[]).entries()) {
    expect((level0?.[i] as number) + (level1?.[i] as number) + config.bits).toBeCloseTo(bits, 4);
  }
});

test('score judges by it, with its draws', async () => {
  const [plain] = await model.score(noise(99), { draws: 2 });
  const [judged] = await model.score(noise(99), { calibration });
  expect(judged).toMatchObject(plain as object);
  expect(judged?.verdict?.statistics.density?.value).toBe(plain?.bitsPerDim);
  expect(judged?.verdict?.p).toBeGreaterThan(0);
  const white = { ...noise(0), data: new Uint8Array(192).fill(255) };
  const [strange] = await model.score(white, { calibration });
  expect(strange?.verdict).toMatchObject({ unusual: true, p: 1 / 24 });
  expect(await model.score(white, { calibration, falseAlarms: 0.05 })).toEqual([strange]);
});

test.each<[string, () => Promise<unknown>, string]>([
  [
    'too few images',
    () => model.calibrate(images),
    'calibrate: a false-alarm rate of 0.01 needs 99 images to compare with, so at least 131 with those for reference; there are 23',
  ],
  [
    'too few for reference',
    () => model.calibrate(images.slice(0, 16), { falseAlarms: 0.2 }),
    'calibrate: a quarter of the images is for reference, and that needs 5; there are 4',
  ],
  [
    'a rate of 0',
    () => model.calibrate(images, { falseAlarms: 0 }),
    'calibrate: falseAlarms must be a rate from 0.00001 up, below 1, such as 0.01, got 0',
  ],
  [
    'an unknown statistic',
    () => model.calibrate(images, { statistics: ['beauty' as never] }),
    'calibrate: statistics must be a list of "density", "excess"',
  ],
  ['no statistics', () => model.calibrate(images, { ...options, statistics: [] }), 'must name at least one'],
  [
    'fewer groups than images',
    () => model.calibrate(images, { ...options, groups: ['a'] }),
    'calibrate: 30 images need as many groups, got 1',
  ],
  [
    'few groups',
    () => model.calibrate(images, { ...options, groups: images.map((_, i) => i % 8) }),
    'needs 9 groups to compare with, so at least 11 with those for reference; there are 6',
  ],
  [
    'groups that are no names',
    () => model.calibrate(images, { ...options, groups: images.map(() => null as never) }),
    'calibrate: groups must be a list of texts or numbers, got null at 0',
  ],
  [
    'a group that is missing',
    () =>
      model.calibrate(images, {
        ...options,
        groups: images.map((_, i) => (i === 3 ? (undefined as never) : i)),
      }),
    'calibrate: groups must be a list of texts or numbers, got undefined at 3',
  ],
  [
    'a rate that no number of images allows',
    () => model.calibrate(images, { falseAlarms: 1e-17 }),
    'calibrate: falseAlarms must be a rate from 0.00001 up',
  ],
  [
    'a rate without a calibration',
    () => model.score(images, { falseAlarms: 0.1 }),
    'score: falseAlarms is about verdicts; pass a calibration too',
  ],
  [
    'images that are all alike',
    () =>
      model.calibrate(
        images.map(() => noise(0)),
        options,
      ),
    'calibrate: density: a quarter of the 7 reference images have one value',
  ],
  [
    'a bad image',
    () => model.calibrate([...images, Uint8Array.of(1)], options),
    'calibrate: 1 of 31 images failed: images[30]',
  ],
  [
    'no calibration',
    () => model.score(images, { calibration: '{}' as never }),
    'score: calibration: expected what calibrate returns, got "{}"; parse the text of a file with parseCalibration',
  ],
  [
    'another model',
    () => model.score(images, { calibration: { ...calibration, model: 'b'.repeat(64) } }),
    'score: calibration: it belongs to the model with weights bbbbbbbbbbbb… (fp32), this model has',
  ],
  [
    'other draws',
    () => model.score(images, { calibration, draws: 3 }),
    'score: calibration: it was made with draws 2, not 3; leave draws out, or calibrate again',
  ],
  [
    'another bound',
    () => model.score(images, { calibration, bound: 'importance' }),
    'it was made with bound mean, not importance',
  ],
  ['another fit', () => model.score(images, { calibration, fit: 'none' }), 'with fit cover, not none'],
  [
    'a rate that it is too small for',
    () => model.score(images, { calibration, falseAlarms: 0.01 }),
    'score: calibration: a false-alarm rate of 0.01 needs 99 images to compare with',
  ],
])('%s is an error', async (_, run, message) => {
  await expect(run()).rejects.toThrow(message);
});
