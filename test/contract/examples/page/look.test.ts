/// <reference lib="dom" />
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describeBrowser } from '../../../support/use-browser.js';
import { untilDiffering } from './drive.js';
import { pixelsOf } from './pictures.js';
import { eventually, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

/** Kept by CI, to be looked at. */
const screenshots = resolve(__dirname, '../../../../out/page');
const axe = require.resolve('axe-core/axe.min.js');
const tabs = ['picture', 'sample', 'encode', 'attributes', 'morph', 'restore', 'strangers', 'train'];
/** Each size and each scheme once: sizes change no colours. */
const looks = [
  { name: 'desktop', size: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'phone', size: { width: 360, height: 740 }, colorScheme: 'dark' },
] as const;

/** What moves without being asked to adds up to less than 0.005; the Web Vitals' "good" ends at 0.1. */
const shiftDigits = 2;

declare global {
  var shifts: { value: number; nodes: string[] }[];
}

interface LayoutShift {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node: Element | null }[];
}

/** Runs in the page: notes every layout shift. */
function noteShifts(): void {
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    const shifts = list.getEntries() as unknown as LayoutShift[];
    for (const { value, sources } of shifts.filter(({ hadRecentInput }) => !hadRecentInput)) {
      globalThis.shifts.push({
        value,
        nodes: sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? ''),
      });
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

describeBrowser.each(looks)('the page on a $name, $colorScheme', ({ name, size, colorScheme }) => {
  const site = usePage();
  let page: Page;
  beforeAll(async () => {
    page = await site.open({ size, colorScheme, init: noteShifts });
  }, timeoutMs);

  test.each(tabs)('%s fits, does not jump, and satisfies axe', async (tab) => {
    await page.locator(`#tab-${tab}`).click();
    await untilFilled(page, tab);
    const { shifts, tooWide } = await page.evaluate(() => ({
      shifts: globalThis.shifts,
      tooWide: document.documentElement.scrollWidth - innerWidth,
    }));
    await page.addScriptTag({ path: axe });
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
      return (await axe.run()).violations;
    });
    await takeScreenshot(page, `${tab}-${name}-${colorScheme}.png`);
    await page.setViewportSize(size);
    await page.evaluate(() => globalThis.shifts.splice(0));

    expect(tooWide).toBeLessThanOrEqual(0);
    const shift = shifts.reduce((sum, { value }) => sum + value, 0);
    expect({ shift, shifts }).toEqual({ shift: expect.closeTo(0, shiftDigits), shifts });
    const found = violations.map(({ id, nodes }) => ({
      id,
      where: nodes.map(({ target }) => target.join(' ')),
    }));
    expect(found).toEqual([]);
  });
});

/** Waits until the tab shows what it computes at first, and the opening its face. */
async function untilFilled(page: Page, tab: string): Promise<void> {
  const panel = page.locator(`#panel-${tab}`);
  await page.locator('#hero').getByText('0 of 3072 values differ').waitFor();
  switch (tab) {
    case 'picture':
      return void (await panel.getByText('Yes: 0 of 3072 values differ.').waitFor());
    case 'sample':
      return eventually(
        () => pixelsOf(panel.locator('.faces canvas')),
        (faces) => expect(new Set(faces).size).toBe(24),
      );
    case 'encode':
    case 'attributes':
      return untilDiffering(panel, false);
    case 'morph':
      return eventually(
        () => panel.locator('.strip canvas').count(),
        (count) => expect(count).toBe(16),
      );
    case 'restore':
      return panel
        .getByText(/^-?[\d,]+ nats$/)
        .nth(1)
        .waitFor();
    case 'train':
      return panel.getByText('A model needs at least 20 pictures').waitFor();
    default:
      await eventually(
        () => panel.locator('.places button').count(),
        (count) => expect(count).toBe(12),
      );
      await panel.getByRole('button', { name: 'Show where its bits are' }).click();
      return panel.getByText(/^Dark is /).waitFor();
  }
}

/** All of the page, the foot where it belongs. */
async function takeScreenshot(page: Page, name: string): Promise<void> {
  const { width } = page.viewportSize() as { width: number };
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height });
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, name) });
}
