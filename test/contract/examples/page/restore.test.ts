/// <reference lib="dom" />
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { createHole } from '../../../../examples/browser/src/tabs/hole.js';
import { describeBrowser } from '../../../support/use-browser.js';
import { button, openTab, status } from './drive.js';
import { atFiveBits, drop, picture, pixelsOf } from './pictures.js';
import { eventually, paths, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

describe('a hole', () => {
  const size = { width: 8, height: 6 };
  const rowsOf = (hole: ReturnType<typeof createHole>) =>
    Array.from({ length: size.height }, (_, y) =>
      Array.from({ length: size.width }, (_, x) => (hole.has({ x, y }) ? '#' : '.')).join(''),
    );

  test('is painted without gaps, erased, and cut off at the sides', () => {
    const hole = createHole(size);
    hole.begin();
    hole.line({ x: 0, y: 1 }, { x: 7, y: 3 }, 1, 1);
    expect(rowsOf(hole)).toEqual(['........', '##......', '..####..', '......##', '........', '........']);
    hole.begin();
    hole.line({ x: -2, y: 5 }, { x: 9, y: 5 }, 3, 1);
    hole.line({ x: 3, y: 2 }, { x: 3, y: 2 }, 2, 0);
    expect(rowsOf(hole)).toEqual(['........', '##......', '....##..', '......##', '########', '########']);
    hole.undo();
    hole.undo();
    expect({ count: hole.count, canUndo: hole.canUndo }).toEqual({ count: 0, canUndo: false });
  });

  test.each([
    ['half', (x: number) => x < 8],
    ['stripe', (_: number, y: number) => y >= 5 && y < 9],
    ['centre', (x: number, y: number) => x >= 4 && x < 12 && y >= 4 && y < 12],
  ] as const)('%s covers what it says, white in the mask', (name, isUnknown) => {
    const { data } = createHole({ width: 16, height: 16 }, name).mask();
    const expected = Array.from({ length: 256 }, (_, i) => (isUnknown(i % 16, i >> 4) ? 255 : 0));
    expect([...data]).toEqual(expected);
  });

  test('scattered is about half of the pixels, the same each time', () => {
    const [one, other] = [1, 2].map(() => createHole({ width: 16, height: 16 }, 'scattered'));
    expect(Math.abs((one?.count as number) - 128)).toBeLessThan(32);
    expect(one?.mask()).toEqual(other?.mask());
  });
});

describeBrowser('Restore', () => {
  const site = usePage();
  let page: Page;
  let panel: Locator;
  const painted = () => panel.locator('.painted canvas');
  const completed = () => panel.locator('.completed canvas');
  const slots = () => panel.getByRole('group', { name: 'Completions' }).getByRole('button');
  beforeAll(async () => {
    page = await site.open({ path: paths.small, device: 'wasm' });
    panel = await openTab(page, 'Restore');
  }, timeoutMs);

  /** RGBA of a canvas, pixel by pixel. */
  const pixels = async (canvas: Locator) =>
    ((await pixelsOf(canvas))[0] as string).match(/.{8}/g) as string[];
  /** The places that are painted over, seen as transparent. */
  const holeOf = async () =>
    (await pixels(painted())).flatMap((pixel, i) => (pixel.endsWith('00') ? [i] : []));
  const untilJudged = () =>
    panel
      .getByText(/^-?[\d,]+ nats$/)
      .nth(1)
      .waitFor();
  const untilSaid = (text: RegExp) =>
    eventually(
      () => status(page),
      (said) => expect(said).toMatch(text),
    );
  /** The centre of a pixel of 16×16, in the page. */
  async function at(x: number, y: number): Promise<[number, number]> {
    const box = (await painted().boundingBox()) as { x: number; y: number; width: number; height: number };
    return [box.x + ((x + 0.5) / 16) * box.width, box.y + ((y + 0.5) / 16) * box.height];
  }

  /** Takes all paint away, and a brush of one pixel. */
  async function clear(): Promise<void> {
    await button(panel, 'Clear').click();
    await panel.getByRole('slider', { name: 'Brush' }).fill('1');
    expect(await holeOf()).toEqual([]);
  }

  test('opens with half a face and its completion; what is known stays', async () => {
    await untilJudged();
    const left = Array.from({ length: 256 }, (_, i) => i).filter((i) => i % 16 < 8);
    expect(await holeOf()).toEqual(left);
    const [before, after] = [await pixels(painted()), await pixels(completed())];
    const known = (all: string[]) => all.filter((_, i) => i % 16 >= 8).join('');
    expect(atFiveBits([known(after)])).toBe(atFiveBits([known(before)]));
    expect(after.filter((pixel) => !pixel.endsWith('ff'))).toEqual([]);
    expect(await slots().allTextContents()).toEqual(['Original', 'Most likely']);
  });

  test('a stroke of the mouse is completed when it ends; the eraser, undo and ready holes too', async () => {
    await clear();
    await panel.getByText('original', { exact: true }).waitFor();
    await page.mouse.move(...(await at(2, 3)));
    await page.mouse.down();
    await page.mouse.move(...(await at(6, 3)), { steps: 2 });
    expect(await holeOf()).toEqual([50, 51, 52, 53, 54]);
    expect(await button(panel, 'Complete it').isVisible()).toBe(true); // not yet
    await page.mouse.up();
    await panel.getByText('most likely', { exact: true }).waitFor();
    await untilJudged();
    await button(panel, 'Eraser').click();
    await page.mouse.click(...(await at(4, 3)));
    expect(await holeOf()).toEqual([50, 51, 53, 54]);
    await button(panel, 'Eraser').click();
    await button(panel, 'Undo').click();
    expect(await holeOf()).toEqual([50, 51, 52, 53, 54]);
    await button(panel, 'Centre').click();
    expect(await button(panel, 'Centre').getAttribute('aria-pressed')).toBe('true');
    expect(await holeOf()).toHaveLength(64);
    await untilJudged();
  });

  test('a finger paints, and the page does not scroll', async () => {
    await clear();
    expect(await painted().evaluate((canvas) => getComputedStyle(canvas).touchAction)).toBe('none');
    const session = await page.context().newCDPSession(page);
    const touch = async (type: string, ...points: [number, number][]) =>
      session.send('Input.dispatchTouchEvent', {
        type: type as 'touchStart',
        touchPoints: points.map(([x, y]) => ({ x, y })),
      });
    const scrolled = await page.evaluate(() => scrollY);
    await touch('touchStart', await at(1, 1));
    await touch('touchMove', await at(1, 9));
    await touch('touchEnd');
    await session.detach();
    expect(await holeOf()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((y) => 16 * y + 1));
    expect(await page.evaluate(() => scrollY)).toBe(scrolled);
  });

  test('keys move the brush and paint; the place is told', async () => {
    await clear();
    await button(panel, 'Scattered').focus();
    await page.keyboard.press('Tab');
    const board = panel.getByRole('application', { name: /arrow keys move the brush/ });
    expect(await board.evaluate((canvas) => canvas === document.activeElement)).toBe(true);
    const scrolled = await page.evaluate(() => scrollY);
    const place = panel.locator('[aria-live=polite]');
    const start = await place.textContent();
    expect(start).toMatch(/^Column \d+ of 16, row \d+ of 16: known\.$/);
    const [column, row] = Array.from((start as string).matchAll(/\d+(?= of)/g), Number) as [number, number];
    for (const key of ['ArrowRight', 'ArrowDown', 'Space', 'ArrowLeft']) await page.keyboard.press(key);
    expect(await holeOf()).toEqual([16 * row + column]);
    await page.keyboard.down('Space');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.up('Space');
    expect(await holeOf()).toEqual([16 * (row - 1) + column - 1, 16 * row + column - 1, 16 * row + column]);
    expect(await place.textContent()).toBe(`Column ${column} of 16, row ${row} of 16: painted over.`);
    await page.keyboard.press('Control+z');
    expect(await holeOf()).toEqual([16 * row + column]);
    expect(await page.evaluate(() => scrollY)).toBe(scrolled);
  });

  test('nothing painted, or everything, is said', async () => {
    await button(panel, 'Clear').click();
    await button(panel, 'Four completions').click();
    await untilSaid(/^Nothing is painted over\. Paint on the face/);
    await panel.getByRole('slider', { name: 'Brush' }).fill('4');
    await page.mouse.move(...(await at(0, 0)));
    await page.mouse.down();
    for (let y = 0; y < 16; y += 3) {
      for (const x of y % 2 ? [15, 0] : [0, 15]) await page.mouse.move(...(await at(x, y)));
    }
    for (const x of [0, 15]) await page.mouse.move(...(await at(x, 15)));
    await page.mouse.up();
    expect(await holeOf()).toHaveLength(256);
    await button(panel, 'Complete it').click();
    await untilSaid(/^All of the face is painted over\. Erase a part/);
  });

  test('four completions to choose from, kept and saved; Stop ends the search', async () => {
    await button(panel, 'Left half').click();
    await untilJudged();
    await button(panel, 'Four completions').click();
    await eventually(
      () => pixelsOf(slots().locator('canvas')),
      (all) => expect(new Set(all).size).toBe(6),
    );
    await untilJudged();
    await button(panel, 'Sample 3').click();
    const third = (await pixelsOf(slots().locator('canvas')))[4];
    expect(await pixelsOf(completed())).toEqual([third]);
    await button(panel, 'Keep this face').click();
    expect(await pixelsOf(page.locator('#shelf canvas'))).toEqual([third]);
    const downloading = page.waitForEvent('download');
    await button(panel, 'Save as PNG').click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('restored-sample-3.png');
    expect(await sharp(await download.path()).metadata()).toMatchObject({ width: 256, height: 256 });

    await panel.locator('.choose').evaluate((element) => {
      const press = (name: string) =>
        [...element.querySelectorAll('button')].find(({ textContent }) => textContent === name)?.click();
      press('Four completions');
      press('Stop');
    });
    await button(panel, 'Complete it').waitFor();
    expect(await button(panel, 'Keep this face').isDisabled()).toBe(true);
    const stopped = (await pixelsOf(slots().locator('canvas'))).slice(2);
    await button(panel, 'Complete it').click();
    await untilJudged();
    expect((await pixelsOf(slots().locator('canvas'))).slice(2)).toEqual(stopped); // no search goes on unseen
    expect(await status(page)).toBe('');
  });

  test('a search stops when another tab is opened, and begins anew when one comes back', async () => {
    const left = await page.evaluate(async () => {
      const [main, hole] = ['.choose .primary', '[value=centre]'].map(
        (name) => document.querySelector(`#panel-restore ${name}`) as HTMLButtonElement,
      ) as [HTMLButtonElement, HTMLButtonElement];
      hole.click();
      while (main.textContent !== 'Stop') await new Promise((resolve) => setTimeout(resolve, 5));
      document.getElementById('tab-sample')?.click();
      return main.textContent;
    });
    expect(left).toBe('Complete it'); // no search goes on
    await openTab(page, 'Restore');
    await untilJudged();
    expect(await holeOf()).toHaveLength(64);
    expect(await status(page)).toBe('');
  });

  test('a picture of the user is completed; a link has the face and a ready hole alone', async () => {
    await drop(page, panel.locator('.painted'), await picture());
    await untilJudged();
    await button(panel, 'Eyebrows').click();
    await button(panel, 'Copy link').click();
    await untilSaid(/Your own picture is not in it/);
    expect(page.url()).toMatch(/#restore\?missing=stripe$/);
    await page.evaluate(() => {
      location.hash = '#restore?face=2&missing=centre'; // a link in the same page
    });
    await untilJudged();
    expect(await holeOf()).toHaveLength(64);
    await button(panel, 'Copy link').click();
    await untilSaid(/^The link is/);
    expect(page.url()).toMatch(/#restore\?face=2&missing=centre$/);
  });
});
