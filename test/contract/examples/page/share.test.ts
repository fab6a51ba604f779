/// <reference lib="dom" />
import type { RawImage } from '@glow-onnx/runtime';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { encodeGif } from '../../../../examples/browser/src/share/gif.js';
import { formatLink, parseLink } from '../../../../examples/browser/src/share/link.js';
import { describeBrowser } from '../../../support/use-browser.js';
import { button, openTab, status, untilDiffering } from './drive.js';
import { drop, picture, pixelsOf } from './pictures.js';
import { eventually, paths, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

describe('a link', () => {
  test('keeps tab and settings', () => {
    const link = {
      tab: 'sample',
      settings: new Map([
        ['seed', '7'],
        ['temperature', '0.8'],
      ]),
    };
    expect(formatLink(link)).toBe('#sample?seed=7&temperature=0.8');
    expect(parseLink(formatLink(link))).toEqual({ ...link, leftOut: 0 });
    expect(parseLink('#morph')).toEqual({ tab: 'morph', settings: new Map(), leftOut: 0 });
  });

  test('loses what no setting can be', () => {
    const hostile = `#sample?seed=<img src=x>&%00=1&${encodeURIComponent('\u202e')}=2&seed2=3`;
    expect(parseLink(hostile)).toEqual({ tab: 'sample', settings: new Map([['seed2', '3']]), leftOut: 3 });
    expect(parseLink(`#sample?seed=${'7'.repeat(3000)}`)).toMatchObject({ settings: new Map(), leftOut: 1 });
    const many = Array.from({ length: 90 }, (_, i) => `s${i}=1`).join('&');
    expect(parseLink(`#sample?${many}`)).toMatchObject({ leftOut: 30 });
  });
});

describe('the GIF of a film', () => {
  const frame = (n: number, channels: 1 | 3 | 4, side = 16): RawImage => ({
    data: Uint8Array.from({ length: side * side * channels }, (_, i) => (i * 7 + n * 31) % 256),
    ...{ width: side, height: side, channels },
  });

  test('runs forwards and backwards for ever, rests at its ends, and keeps every colour', async () => {
    const images = [0, 1, 2, 3].map((n) => frame(n, 3));
    const bytes = encodeGif(images);
    const { format, pages, width, pageHeight, loop, delay } = await sharp(bytes, {
      animated: true,
    }).metadata();
    expect({ format, pages, width, pageHeight, loop }).toEqual({
      format: 'gif',
      pages: 6,
      width: 256,
      pageHeight: 256,
      loop: 0,
    });
    expect(delay).toEqual([700, 100, 100, 700, 100, 100]);
    for (const [page, n] of [0, 1, 2, 3, 2, 1].entries()) {
      const small = await sharp(bytes, { page })
        .removeAlpha()
        .resize(16, 16, { kernel: 'nearest' })
        .raw()
        .toBuffer();
      expect([page, small.equals(images[n]?.data as Uint8Array)]).toEqual([page, true]);
    }
  });

  test('takes grey images, and large ones with more colours than it holds', async () => {
    const grey = await sharp(encodeGif([frame(0, 1), frame(1, 1)]), { animated: true }).metadata();
    expect(grey).toMatchObject({ pages: 2, width: 256 });
    const photo = frame(0, 3, 300);
    const large = encodeGif([photo, frame(9, 3, 300)]);
    const { data, info } = await sharp(large).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 300, height: 300 });
    const error =
      data.reduce((sum, value, i) => sum + Math.abs(value - (photo.data[i] as number)), 0) / data.length;
    expect(error).toBeLessThan(16); // of 255: a palette of 256 colours
  });
});

describeBrowser('Sharing', () => {
  const site = usePage();
  let page: Page;
  beforeAll(async () => {
    page = await site.open({ path: paths.small });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  }, timeoutMs);

  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  /** Opens an address as a friend does: in a page of its own. */
  async function visit(address: string): Promise<Page> {
    const other = await site.newPage();
    await other.goto(address);
    return other;
  }

  test('Sample: a link restores seed and temperature, so the same samples', async () => {
    const panel = await openTab(page, 'Sample');
    await panel.getByLabel('Seed').fill('4321');
    await panel.getByLabel('Temperature').fill('0.35');
    await button(panel, 'Copy link').click();
    await eventually(
      () => status(page),
      (text) => expect(text).toBe('The link is copied.'),
    );
    expect(await copied()).toBe(page.url());
    expect(page.url()).toMatch(/#sample\?temperature=0.35&seed=4321$/);
    const other = await visit(await copied());
    const theirs = other.getByRole('tabpanel', { name: 'Sample' });
    expect(await theirs.getByLabel('Seed').inputValue()).toBe('4321');
    expect(await theirs.getByLabel('Temperature').inputValue()).toBe('0.35');
    const own = await pixelsOf(panel.locator('.faces canvas'));
    await eventually(
      () => pixelsOf(theirs.locator('.faces canvas')),
      (seen) => expect(seen).toEqual(own),
    );
    await other.close();
  });

  test('Morph: a link restores the pair, steps and path; an own picture stays out of it', async () => {
    const panel = await openTab(page, 'Morph');
    await panel.getByRole('group', { name: 'From', exact: true }).locator('.choice button').nth(4).click();
    await panel.getByLabel('Steps').fill('5');
    await panel.getByText('Arc', { exact: true }).click();
    const strip = panel.locator('.strip canvas');
    await eventually(
      () => strip.count(),
      (count) => expect(count).toBe(5),
    );
    await button(panel, 'Copy link').click();
    expect(page.url()).toMatch(/#morph\?/);
    expect(new URLSearchParams(page.url().split('?')[1])).toEqual(
      new URLSearchParams({ steps: '5', path: 'spherical', from: '5', to: '10' }),
    );
    const other = await visit(page.url());
    const theirs = other.getByRole('tabpanel', { name: 'Morph' }).locator('.strip canvas');
    const own = await pixelsOf(strip);
    await eventually(
      () => pixelsOf(theirs),
      (seen) => expect(seen).toEqual(own),
    );
    await other.close();

    await drop(page, panel.getByRole('group', { name: 'To', exact: true }), await picture());
    await eventually(
      async () => (await pixelsOf(strip))[4],
      (last) => expect(last).not.toBe(own[4]),
    );
    await button(panel, 'Copy link').click();
    await eventually(
      () => status(page),
      (text) => expect(text).toMatch(/Your own picture is not in it/),
    );
    expect(page.url()).not.toContain('to=');
  });

  test('Attributes: a link sets the sliders, as soon as they are there', async () => {
    const other = await visit(`${site.server.origin}${paths.small}#attributes?face=3&Hat=0.5`);
    const panel = other.getByRole('tabpanel', { name: 'Attributes' });
    await untilDiffering(panel, true);
    expect(await panel.getByRole('slider', { name: 'Hat' }).inputValue()).toBe('0.5');
    await other.evaluate(() => {
      location.hash = '#attributes?Hat=0&Nose=-1'; // another link in the same page
    });
    await eventually(
      () => panel.getByRole('slider', { name: 'Nose' }).inputValue(),
      (value) => expect(value).toBe('-1'),
    );
    expect(await panel.getByRole('slider', { name: 'Hat' }).inputValue()).toBe('0');
    await other.close();
  });

  test.each([
    [
      '#sample?seed=99999999&temperature=0.5&x=1',
      /^This link has settings that do not fit this page: seed\. They/,
    ],
    [
      '#sample?seed=<b>&temperature=hot',
      /^This link has settings that do not fit this page: temperature\. They/,
    ],
    ['#nowhere?seed=7', /^This link leads to no tab of this page\.$/],
  ])('%s is ignored where it is wrong, with a plain message', async (hash, says) => {
    const other = await visit(`${site.server.origin}${paths.small}${hash}`);
    await eventually(
      () => status(other),
      (text) => expect(text).toMatch(says),
    );
    if (hash.startsWith('#sample')) {
      const panel = other.getByRole('tabpanel', { name: 'Sample' });
      expect(await panel.getByLabel('Seed').inputValue()).toBe('7');
      expect(await panel.getByLabel('Temperature').inputValue()).toBe(hash.includes('0.5') ? '0.5' : '0.8');
    }
    await other.close();
  });

  test('Morph: the film is saved as a GIF of its steps and back', async () => {
    const panel = await openTab(page, 'Morph');
    await panel.getByLabel('Steps').fill('6');
    await eventually(
      () => panel.locator('.strip canvas').count(),
      (count) => expect(count).toBe(6),
    );
    const downloading = page.waitForEvent('download');
    await button(panel, 'Save as GIF').click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^morph-(linear|spherical)-6\.gif$/);
    const { pages, width, loop } = await sharp(await download.path(), { animated: true }).metadata();
    expect({ pages, width, loop }).toEqual({ pages: 10, width: 256, loop: 0 });
    await eventually(
      () => status(page),
      (text) => expect(text).toMatch(/^The GIF is saved/),
    );
  });
});
