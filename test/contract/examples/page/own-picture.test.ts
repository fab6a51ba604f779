/// <reference lib="dom" />
import { join, resolve } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { describeBrowser } from '../../../support/use-browser.js';
import { button, openTab, status } from './drive.js';
import { drop, picture, pixelsOf, type TestFile, wrongFiles } from './pictures.js';
import { eventually, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

const models = resolve(__dirname, '../../../../models');

/**
 * A photo of 12 megapixels as phones take them, in three upright bands: reddish, green, bluish. The model gets half of
 * the outer ones.
 * @param strength of the colours.
 */
async function photo(strength: number): Promise<TestFile> {
  const [low, high] = [128 - strength, 127 + strength];
  const green = [low, high, low];
  const bands = Buffer.from([high, low, low, ...green, ...green, low, low, high]);
  const buffer = await sharp(bands, { raw: { width: 4, height: 1, channels: 3 } })
    .resize(4032, 3024, { kernel: 'nearest', fit: 'fill' })
    .jpeg()
    .toBuffer();
  return { name: 'IMG_0001.jpg', mimeType: 'image/jpeg', buffer };
}

/** Runs in the page: a camera of four frames per second that sees one colour. */
function standInCamera(): void {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  setInterval(() => {
    context.fillStyle = `rgb(200 100 ${Math.round(Math.random())})`;
    context.fillRect(0, 0, 64, 48);
  }, 250);
  navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(4);
}

describeBrowser('a picture of the user', () => {
  const site = usePage();
  let page: Page;
  let panel: Locator;
  const seen = () => pixelsOf(panel.getByRole('img', { name: 'The picture as the model sees it' }));
  const decoded = () => pixelsOf(panel.getByRole('img', { name: 'The picture decoded from its numbers' }));
  /** Waits for a picture of this name. @returns its pixels. */
  async function untilShown(name: string, than: readonly string[] = []): Promise<string[]> {
    await panel.getByRole('heading', { name, exact: true }).waitFor();
    await eventually(seen, (now) => expect(now).not.toEqual(than));
    return seen();
  }

  beforeAll(async () => {
    page = await site.open({ tab: 'picture', init: standInCamera });
    panel = page.getByRole('tabpanel', { name: 'Your picture' });
    await panel.getByText('Yes: 0 of 3072 values differ.').waitFor();
  }, timeoutMs);

  test('of 12 megapixels comes from disk, is cut to the shape of the model, and comes back', async () => {
    await panel.locator('input[type=file]').setInputFiles(await photo(40));
    const [pixels] = await untilShown('IMG_0001.jpg');
    const leftmost = Buffer.from(pixels as string, 'hex').subarray(0, 3);
    expect(leftmost[0]).toBeGreaterThan(leftmost[1] as number); // a strip of red is left of the green
    await eventually(decoded, (now) => expect(now).toEqual([pixels]));
    await panel.getByText('Yes: 0 of 3072 values differ.').waitFor();
    await panel.getByRole('heading', { name: 'Unlike the training faces' }).waitFor();
    expect(await status(page)).toBe('IMG_0001.jpg: unlike the training faces.');
    const original = panel.getByRole('img', { name: 'The picture as given' });
    const shape = await original.evaluate((element: HTMLCanvasElement) => element.width / element.height);
    expect(shape).toBeCloseTo(4 / 3, 1);
  });

  test('can be dropped anywhere, and then is the picture of every tab', async () => {
    await openTab(page, 'Morph');
    const before = await seen();
    await drop(page, page.locator('header'), await picture());
    const now = await untilShown('blinds.png', before);
    await button(panel, 'Morph it').click();
    const morph = page.getByRole('tabpanel', { name: 'Morph' });
    const from = () => pixelsOf(morph.getByRole('img', { name: 'From: the face' }));
    await eventually(from, (pixels) => expect(pixels).toEqual(now));
    const attributes = await openTab(page, 'Attributes');
    await attributes.getByText('it knows only drawn faces of 32×32 pixels').waitFor();
    await button(attributes, 'Face 2').click();
    await attributes.getByText('it knows only drawn faces').waitFor({ state: 'hidden' });
    const typical = await openTab(page, 'Is it typical?');
    const places = typical.getByRole('group', { name: 'Images by bits' }).getByRole('button');
    await places.nth(12).waitFor(); // all have come, and the user's picture is still the chosen one
    await typical.getByRole('heading', { name: /^blinds\.png: / }).waitFor();
  });

  test('can be pasted; colours that a model without bounds cannot hold in float32 are told, not hidden', async () => {
    await openTab(page, 'Your picture');
    await page.locator('#machine input[type=file]').setInputFiles(join(models, 'pixel-faces'));
    await panel.getByText(/^(Yes|No): \d+ of 768 values differ\./).waitFor();
    const before = await seen();
    const { buffer, mimeType } = await photo(128);
    const base64 = buffer.toString('base64');
    await page.evaluate(
      ({ base64, mimeType }) => {
        const clipboardData = new DataTransfer();
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        clipboardData.items.add(new File([bytes], 'image.jpg', { type: mimeType }));
        document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
      },
      { base64, mimeType },
    );
    await untilShown('image.jpg', before);
    await panel.getByText(/^No: [1-9]\d+ of 768 values differ\./).waitFor();
    await button(page.locator('#machine'), 'Back to faces').click();
    await eventually(seen, ([pixels]) => expect(pixels).toHaveLength(8 * 32 ** 2));
    await panel.getByText('Yes: 0 of 3072 values differ.').waitFor();
  });

  test('can be taken by the camera, which then is off', async () => {
    const before = await seen();
    await openTab(page, 'Your picture');
    await button(panel, 'Camera').click();
    const dialog = page.getByRole('dialog', { name: 'Camera' });
    await button(dialog, 'Take the picture').click();
    await untilShown('The photo', before);
    await eventually(seen, ([pixels]) => expect(new Set(pixels?.match(/.{8}/g)).size).toBe(1));
    expect(await dialog.isVisible()).toBe(false);
    expect(await page.locator('video').evaluate((video: HTMLVideoElement) => video.srcObject)).toBeNull();
  });

  test('that is none is named, and the one before stays', async () => {
    const before = await seen();
    for (const { says, ...file } of await wrongFiles()) {
      await drop(page, page.locator('header'), file);
      await eventually(
        () => status(page),
        (text) => expect(text).toMatch(says),
      );
    }
    expect(await seen()).toEqual(before);
    expect(await panel.getByRole('heading', { name: 'The photo' }).isVisible()).toBe(true);
  });
});

describeBrowser('the opening of the page', () => {
  const site = usePage();
  const height = (page: Page) => page.locator('#hero').evaluate((hero) => hero.clientHeight);

  test('shows a picture without scripts, and folds at the first use', async () => {
    const page = await site.newPage();
    await page.route('**/*.js', (route) =>
      route.request().url().endsWith('opening.js') ? route.continue() : route.abort(),
    );
    await page.goto(`${site.server.origin}/some/where/`);
    const first = page.getByRole('img', { name: 'A drawn face' });
    await eventually(
      () => first.evaluate((image: HTMLImageElement) => image.naturalWidth),
      (width) => expect(width).toBe(32),
    );
    site.forgive(/ERR_FAILED/);
    await page.unroute('**/*.js');
    await page.reload();
    await page.locator('#hero').getByText('0 of 3072 values differ').waitFor();
    const whole = await height(page);
    await openTab(page, 'Sample');
    expect(await height(page)).toBeLessThan(whole / 3);
    await button(page.locator('#hero'), 'Show the opening').click();
    expect(await height(page)).toBe(whole);
    await openTab(page, 'Morph');
    expect(await height(page)).toBe(whole); // the user has opened it
    await page.close();
  });

  test('is folded for a visitor who comes for a tab', async () => {
    const page = await site.open({ tab: 'morph' });
    expect(await height(page)).toBeLessThan(100);
    await page.close();
  });
});

describeBrowser('the line at the foot', () => {
  const site = usePage();

  test('does not contradict the panel: it is empty after a slider moved, and on another tab', async () => {
    const page = await site.open({ tab: 'attributes' });
    const panel = page.getByRole('tabpanel', { name: 'Attributes' });
    await page.evaluate(() => {
      Math.random = () => 0.999; // no slider moves by chance
    });
    await button(panel, 'Surprise me').click(); // before the sliders have come
    await eventually(
      () => status(page),
      (text) => expect(text).toMatch(/^\d+ of 3072 values differ$/),
    );
    const strengths = () =>
      panel
        .getByRole('slider')
        .evaluateAll((all) => all.map((one) => (one as HTMLInputElement).valueAsNumber));
    expect(new Set(await strengths())).not.toEqual(new Set([0]));
    await panel.getByRole('slider').first().fill('1');
    expect(await status(page)).toBe('');
    await button(panel, 'All to 0').click();
    await eventually(
      () => status(page),
      (text) => expect(text).toBe('0 of 3072 values differ'),
    );
    await openTab(page, 'Sample');
    expect(await status(page)).toBe('');
    await page.close();
  });
});
