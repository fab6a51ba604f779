import { createBatches } from '../../../../packages/trainer/src/run/batches.js';
import { defaultSettings } from '../../../../packages/trainer/src/settings/settings.js';
import { ramps, rampsConfig, tinySettings } from '../../../support/training.js';

const settings = { ...defaultSettings, ...tinySettings, valFraction: 0.5 };
const batches = createBatches(ramps(80), rampsConfig, settings);

/** All held-out images as validation sees them, in the order of the data. */
async function heldOut(): Promise<Float32Array[]> {
  const images: Float32Array[] = [];
  for await (const { x, count } of batches.validation()) {
    const size = x.length / count;
    for (let i = 0; i < count; i++) images.push(x.slice(i * size, (i + 1) * size));
  }
  return images;
}

test('examples are held-out images, evenly spread over the data, the first and the last among them', async () => {
  const all = await heldOut();
  const { count, x } = await batches.examples(8);
  expect([all.length, count]).toEqual([40, 8]);
  const size = x.length / 8;
  const places = Array.from({ length: 8 }, (_, i) => {
    const shown = Buffer.from(x.slice(i * size, (i + 1) * size).buffer);
    return all.findIndex((image) => shown.equals(Buffer.from(image.buffer)));
  });
  expect(places).toEqual([0, 6, 11, 17, 22, 28, 33, 39]);
});

test('with fewer held-out images, all of them are examples', async () => {
  expect((await batches.examples(100)).count).toBe(40);
});
