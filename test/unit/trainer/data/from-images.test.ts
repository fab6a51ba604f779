import { datasetFrom, type LabelledImage } from '@glow-onnx/trainer';

const grey = (value: number, labels?: Record<string, string>): LabelledImage => ({
  data: Uint8Array.of(value, value + 1),
  height: 1,
  width: 2,
  channels: 1,
  ...(labels && { labels }),
});

test('what a program yields becomes a dataset, with the words it is labelled by', async () => {
  async function* draw() {
    yield grey(1, { mood: 'sad' });
    yield grey(5, { mood: 'glad' });
    yield grey(9, { mood: 'sad' });
  }
  const data = await datasetFrom(draw(), { name: 'drawn' });
  expect(data).toMatchObject({ name: 'drawn', count: 3, channels: 1, height: 1, width: 2, skipped: [] });
  expect([...(await data.batch([2, 0]))]).toEqual([9, 10, 1, 2]);
  expect(data.labels?.mood).toEqual({ values: ['glad', 'sad'], indices: Uint16Array.of(1, 0, 1) });
});

test('a limit ends an endless source and lets it clean up', async () => {
  let ended = false;
  function* endless() {
    try {
      for (let i = 0; ; i++) yield grey(i);
    } finally {
      ended = true;
    }
  }
  expect((await datasetFrom(endless(), { name: 'endless', limit: 5 })).count).toBe(5);
  expect(ended).toBe(true);
});

test('more than memory is to hold goes to a file that has no name, and comes back as it was', async () => {
  const images = Array.from({ length: 1000 }, (_, i) => grey(i % 250));
  const held = await datasetFrom(images, { name: 'held' });
  const spilt = await datasetFrom(images, { name: 'spilt', maxBytes: 64 });
  const order = Array.from({ length: 1000 }, (_, i) => (i * 7) % 1000);
  expect(await spilt.batch(order)).toEqual(await held.batch(order));
  await spilt.close();
  await expect(spilt.batch([0])).rejects.toThrow();
});

test.each<[string, LabelledImage[], RegExp]>([
  ['no image', [], /program has no images, expected at least two/],
  ['too few bytes', [{ ...grey(1), height: 2 }], /image 0 is declared as 2×2×1 but has 2 bytes/],
  [
    'another size',
    [grey(1), { ...grey(2), height: 2, width: 1 }],
    /image 1 is 2×1×1, .*expected the same as the first image, 1×2×1/,
  ],
  ['other labels', [grey(1, { a: 'x' }), grey(2)], /image 1 is .*labels none; expected .*labels a/],
])('%s is an error', async (_, images, message) => {
  await expect(datasetFrom(images, { name: 'program' })).rejects.toThrow(message);
});
