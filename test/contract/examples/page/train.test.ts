/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import { parseCheckpoint } from '@glow-onnx/flow';
import { encodePng, loadGlow } from '@glow-onnx/runtime';
import { unzipSync } from 'fflate';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { describeBrowser } from '../../../support/use-browser.js';
import { button, openTab, status, untilDiffering } from './drive.js';
import { drop, pixelsOf, type TestFile } from './pictures.js';
import { eventually, paths, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

/** Stripes of two colours, which a model learns fast; none is like another. */
async function stripes(count: number): Promise<TestFile[]> {
  const tones = [230, 120, 40, 90, 200, 10, 160];
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const data = Uint8Array.from({ length: 32 * 24 * 3 }, (_, i) => {
        const [x, channel] = [Math.floor(i / 3) % 32, i % 3];
        return tones[(Math.floor((x + n) / 8) + channel * (n % 3)) % tones.length] as number;
      });
      const png = await encodePng({ data, width: 32, height: 24, channels: 3 });
      return { name: `stripes-${n}.png`, mimeType: 'image/png', buffer: Buffer.from(png) };
    }),
  );
}

const tinyPixel = (x: number, y: number) => [16 * x, 16 * y, (x * y) % 256];

/** A picture of 16×16 pixels, all of them different. */
async function tiny(): Promise<TestFile> {
  const data = Uint8Array.from(
    Array.from({ length: 256 }, (_, i) => tinyPixel(i % 16, Math.floor(i / 16))).flat(),
  );
  const png = await encodePng({ data, width: 16, height: 16, channels: 3 });
  return { name: 'tiny.png', mimeType: 'image/png', buffer: Buffer.from(png) };
}

/** A photo as phones take them: its middle is red at the left and blue at the right, both ends are green. */
async function photo(): Promise<TestFile> {
  const part = (background: string, width: number) => ({
    create: { width, height: 3024, channels: 3 as const, background },
  });
  const parts = [
    { input: part('#e61414', 1512), left: 504, top: 0 },
    { input: part('#1414e6', 1512), left: 2016, top: 0 },
  ];
  const buffer = await sharp(part('#00ff00', 4032)).composite(parts).jpeg().toBuffer();
  return { name: 'photo.jpg', mimeType: 'image/jpeg', buffer };
}

describeBrowser('Train your own', () => {
  const site = usePage();
  let page: Page;
  let panel: Locator;
  beforeAll(async () => {
    page = await site.open({ path: paths.small });
    panel = await openTab(page, 'Train your own');
  }, timeoutMs);

  const pile = () => panel.getByRole('group', { name: 'Pictures to learn from' });
  const samples = () => panel.getByRole('img', { name: '18 pictures that the model draws' });
  const number = (name: string) => panel.locator('.numbers > div', { hasText: name }).locator('output');
  const steps = async () => Number.parseInt((await number('Steps').textContent()) ?? '', 10);

  test('needs twenty pictures, names a file that is none, and says what to expect', async () => {
    const pictures = await stripes(19);
    const letter = { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear all,') };
    await drop(page, pile(), ...pictures, letter);
    await panel.getByText('19 pictures', { exact: true }).waitFor();
    expect(await status(page)).toBe(
      '19 pictures added. letter.txt is no picture that this browser can read.',
    );
    await panel.getByText('A model needs at least 20 pictures: 1 more.').waitFor();
    expect(await button(panel, 'Train').isDisabled()).toBe(true);
    const chooser = panel.locator('input[type=file][multiple]');
    await chooser.setInputFiles([...(await stripes(22)).slice(19), await tiny(), await photo()]);
    await panel.getByText('24 pictures', { exact: true }).waitFor();
    await panel.getByText('Expect noise in the colours of your pictures').waitFor();
    expect(await button(panel, 'Train').isDisabled()).toBe(false);
  });

  test('keeps a picture of its own size, and brings a photo to that size by its middle', async () => {
    const [shown] = await pixelsOf(panel.getByRole('img', { name: /^The first 24 pictures/ }));
    const all = Buffer.from(shown as string, 'hex');
    const row = (6 * 17 - 1) * 4; // six side by side, a pixel apart
    const pixel = (picture: number, x: number, y: number) => {
      const at = (Math.floor(picture / 6) * 17 + y) * row + ((picture % 6) * 17 + x) * 4;
      return [...all.subarray(at, at + 3)];
    };
    for (const [x, y] of [
      [0, 0],
      [15, 0],
      [7, 9],
    ] as const)
      expect(pixel(22, x, y)).toEqual(tinyPixel(x, y));
    const [left, right] = [pixel(23, 2, 8), pixel(23, 13, 8)];
    const [red, blue] = [
      [230, 20, 20],
      [20, 20, 230],
    ];
    for (const channel of [0, 1, 2]) {
      expect(Math.abs((left[channel] as number) - (red[channel] as number))).toBeLessThan(8); // JPEG
      expect(Math.abs((right[channel] as number) - (blue[channel] as number))).toBeLessThan(8);
    }
  });

  test('learns: bits per value fall and samples appear, while the page answers', async () => {
    await button(panel, 'Train').click();
    await samples().waitFor();
    const atFirst = Number(await number('held-out').textContent());
    const [noise] = await pixelsOf(samples());
    await eventually(
      async () => Number.parseFloat((await number('held-out').textContent()) ?? ''),
      (bits) => expect(bits).toBeLessThan(atFirst - 0.5),
    );
    await eventually(
      () => pixelsOf(samples()),
      ([drawn]) => expect(drawn).not.toBe(noise),
    );
    const other = await openTab(page, 'Sample'); // the model of the page draws meanwhile
    const before = await pixelsOf(other.locator('.faces canvas'));
    await button(other, 'New seed').click();
    await eventually(
      () => pixelsOf(other.locator('.faces canvas')),
      (now) => expect(now).not.toEqual(before),
    );
    await openTab(page, 'Train your own');
    expect(await button(panel, 'Pause').count()).toBe(1);
    expect(await panel.locator('.curve .held-out').getAttribute('points')).toMatch(/ /);
  });

  test('pauses, draws other samples, goes on', async () => {
    await button(panel, 'Pause').click();
    await button(panel, 'Go on').waitFor();
    expect(await status(page)).toMatch(/^The training is paused/);
    const [before, paused] = [await pixelsOf(samples()), await steps()];
    await panel.getByLabel('Seed').fill('5');
    await eventually(
      () => pixelsOf(samples()),
      (now) => expect(now).not.toEqual(before),
    );
    expect(await steps()).toBe(paused);
    await button(panel, 'Go on').click();
    await eventually(steps, (now) => expect(now).toBeGreaterThan(paused));
    await button(panel, 'Pause').click();
    await button(panel, 'Go on').waitFor();
  });

  test('gives the model folder and the checkpoint, which draw the samples of the page', async () => {
    const saved = async (name: string) => {
      const downloading = page.waitForEvent('download');
      await button(panel, name).click();
      const download = await downloading;
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
    };
    const folder = await saved('Save the model folder');
    expect(folder.name).toBe('my-model.zip');
    const files = Object.entries(unzipSync(folder.bytes)).map(
      ([path, bytes]) => [path.replace(/^my-model\//, ''), bytes] as const,
    );
    const glow = await loadGlow(Object.fromEntries(files));
    const [sample] = await glow.sample({ count: 1, temperature: 0.8, seed: 5 });
    await glow.dispose();
    const shown = Buffer.from((await pixelsOf(samples()))[0] as string, 'hex');
    const [side, row] = [16, (6 * 17 - 1) * 4]; // six samples side by side, a pixel apart
    const firstShown = Array.from({ length: side * side * 3 }, (_, i) => {
      const [x, y, channel] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side), i % 3];
      return shown[y * row + x * 4 + channel];
    });
    expect(firstShown).toEqual([...(sample?.data ?? [])]);
    const checkpoint = await saved('Save the checkpoint');
    expect(checkpoint.name).toBe('my-model.safetensors');
    const { training, initialised } = parseCheckpoint(checkpoint.bytes);
    expect(initialised).toBe(true);
    expect(training).toMatchObject({ steps: await steps(), trainingImages: 22, validationImages: 2 });
  });

  test('puts the model on the page: the other tabs use it, and the training goes on', async () => {
    await button(panel, 'Use it on this page').click();
    await eventually(
      () => status(page),
      (text) => expect(text).toBe('my-model is open.'),
    );
    const other = await openTab(page, 'Encode / decode');
    await untilDiffering(other, false);
    await openTab(page, 'Train your own');
    const before = await steps();
    await button(panel, 'Go on').click();
    await eventually(steps, (now) => expect(now).toBeGreaterThan(before));
    await button(panel, 'Pause').click();
  });

  test('starts over, with pictures of the page at 32×32', async () => {
    await button(panel, 'Start over').click();
    expect(await samples().count()).toBe(0);
    await button(panel, 'Remove all').click();
    await panel.getByText('32×32', { exact: true }).click();
    const starter = button(panel, /^Use \d+ faces of this page$/);
    const [count] = /\d+/.exec((await starter.textContent()) ?? '') ?? [];
    await starter.click();
    await panel.getByText(`${count} pictures`, { exact: true }).waitFor();
    await panel.getByText('At 32×32 a step takes about four times as long.').waitFor();
    expect(await button(panel, 'Train').isDisabled()).toBe(false);
  });
});
