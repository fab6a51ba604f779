/// <reference lib="dom" />
import type { Page } from 'playwright-core';
import { describeBrowser } from '../../../support/use-browser.js';
import { pixelsOf } from './pictures.js';
import { eventually, paths, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

describeBrowser('the opening', () => {
  const site = usePage();
  const pictures = (page: Page) => pixelsOf(page.locator('#stage > figure canvas'));

  test('stands still with its first face while it is folded, and goes on when it is unfolded', async () => {
    const page = await site.newPage();
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await page.clock.install();
    await page.goto(`${site.server.origin}${paths.small}#sample`);
    await page
      .locator('#hero')
      .getByText(/^\d+ of 768 values differ$/)
      .waitFor();
    const folded = await pictures(page);
    expect(folded.filter((pixels) => /00$/.test(pixels))).toEqual([]); // no empty box
    await page.clock.runFor(10_000);
    expect(await pictures(page)).toEqual(folded);
    await page.getByRole('button', { name: 'Show the opening' }).click();
    await eventually(
      async () => {
        await page.clock.runFor(500);
        return pictures(page);
      },
      (now) => expect(now).not.toEqual(folded),
    );
    await page.close();
  });
});
