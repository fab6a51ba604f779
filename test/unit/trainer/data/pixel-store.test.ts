import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPixelWriter } from '../../../../packages/trainer/src/data/pixel-store.js';

const folder = mkdtempSync(join(tmpdir(), 'glow-pixels-'));
const { TMPDIR } = process.env;
beforeEach(() => {
  process.env.TMPDIR = folder;
});
afterEach(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Image i: its number, over and over. */
const image = (i: number, size: number) => new Uint8Array(size).fill(i % 251);

test.each([1, 7, 64])('%d images more than memory is to hold are all there', async (surplus) => {
  const size = 100;
  const writer = createPixelWriter(size, 1000);
  for (let i = 0; i < 10 + surplus; i++) await writer.add(image(i, size));
  const store = await writer.finish();
  expect(store).toMatchObject({ count: 10 + surplus, heldBytes: 0 });
  for (let i = 0; i < store.count; i++) expect(await store.read([i])).toEqual(image(i, size));
  await store.close();
});

test('as many as memory is to hold stay there', async () => {
  const writer = createPixelWriter(100, 1000);
  for (let i = 0; i < 10; i++) await writer.add(image(i, 100));
  const store = await writer.finish();
  expect(store.heldBytes).toBe(1000);
  expect(await store.read([9, 0])).toEqual(Buffer.concat([image(9, 100), image(0, 100)]));
});

test('256 MB of images take less than 64 MB of memory', async () => {
  const size = 2 ** 18;
  const writer = createPixelWriter(size, 2 ** 24);
  const one = image(3, size);
  const { arrayBuffers: before } = process.memoryUsage();
  let most = 0;
  for (let i = 0; i < 1024; i++) {
    one[0] = i % 251;
    await writer.add(one);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  const store = await writer.finish();
  expect(most).toBeLessThan(2 ** 26);
  expect((await store.read([1000]))[0]).toBe(1000 % 251);
  await store.close();
});

test('the file has no name, so that not even a crash leaves it', async () => {
  const writer = createPixelWriter(100, 100);
  for (let i = 0; i < 5; i++) await writer.add(image(i, 100));
  const store = await writer.finish();
  expect(readdirSync(folder)).toEqual([]);
  await store.close();
});

test('no room for the file is an error that says what to do', async () => {
  process.env.TMPDIR = join(folder, 'nowhere');
  const writer = createPixelWriter(100, 100);
  const write = async () => {
    for (let i = 0; i < 5; i++) await writer.add(image(i, 100));
  };
  await expect(write()).rejects.toThrow(
    /cannot be stored in .*nowhere \(ENOENT\); set TMPDIR to a folder with more space/,
  );
});
