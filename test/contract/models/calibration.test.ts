import { join } from 'node:path';
import { type GlowModel, loadGlow, type RawImage } from '@glow-onnx/runtime';
import { openDataset } from '@glow-onnx/trainer';
import { alarmBounds } from '../../support/beta-binomial.js';
import { fashionMnist, fashionMnistPath } from '../../support/machine.js';
import { describeNeeding } from '../../support/needing.js';

const models = join(__dirname, '../../../models');
/** So few that the test is short: the interval says what to expect of so few. */
const [CALIBRATED, FRESH] = [132, 100];
const SEEDS = [1, 2, 3];

/** @param data a path of images that training has not seen. */
function holds(name: string, data: string): void {
  let glow: GlowModel;
  let images: RawImage[];
  beforeAll(async () => {
    glow = await loadGlow(join(models, name), { device: 'cpu', threads: 1 });
    const dataset = await openDataset(data);
    const count = SEEDS.length * (CALIBRATED + FRESH);
    images = await dataset.images(Uint32Array.from({ length: count }, (_, i) => i));
    await dataset.close();
  });
  afterAll(() => glow.dispose());

  test('alarms on fresh good images are as many as asked for, for the combination and each statistic', async () => {
    for (const [i, seed] of SEEDS.entries()) {
      const first = i * (CALIBRATED + FRESH);
      const good = images.slice(first, first + CALIBRATED);
      const fresh = images.slice(first + CALIBRATED, first + CALIBRATED + FRESH);
      const calibration = await glow.calibrate(good, { draws: 1, seed });
      const verdicts = (await glow.score(fresh, { calibration, seed })).map(({ verdict }) => verdict);
      for (const rate of [0.01, 0.05]) {
        const isAlarm = (p: number | undefined) => p !== undefined && p <= rate;
        const counts = [
          verdicts.filter((verdict) => isAlarm(verdict?.p)).length,
          ...Object.keys(calibration.scores).map(
            (each) => verdicts.filter((verdict) => isAlarm(verdict?.statistics[each]?.p)).length,
          ),
        ];
        const [low, high] = alarmBounds(Object.values(calibration.scores)[0]?.length ?? 0, rate, FRESH);
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(low);
        expect(Math.max(...counts)).toBeLessThanOrEqual(high);
      }
    }
  }, 300_000);

  test('images of another kind are unusual', async () => {
    const calibration = await glow.calibrate(images.slice(0, CALIBRATED), { draws: 1 });
    const inverted = images.slice(CALIBRATED, CALIBRATED + 20).map((image) => ({
      ...image,
      data: image.data.map((value) => 255 - value),
    }));
    for (const { verdict } of await glow.score(inverted, { calibration })) {
      expect(verdict?.unusual).toBe(true);
    }
  }, 300_000);
}

describe.each(['faces', 'pixel-faces'])('models/%s', (name) => holds(name, join(models, name, 'faces.json')));
describeNeeding(fashionMnist)('models/fashion-mnist', () =>
  holds('fashion-mnist', join(fashionMnistPath, 't10k-images-idx3-ubyte.gz')),
);
