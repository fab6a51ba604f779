/// <reference lib="dom" />
import type { Locator, Page } from 'playwright-core';
import { describeBrowser, insecureHost } from '../../../support/use-browser.js';
import { button, openTab, status, untilDiffering } from './drive.js';
import { pixelsOf } from './pictures.js';
import { chooseDevice, eventually, paths, readout, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

const note = (page: Page) => page.locator('#machine .note');
const untilPlayed = (page: Page) => page.locator('#hero').getByText('0 of 3072 values differ').waitFor();

describeBrowser('a visit to the page', () => {
  const site = usePage();

  test('shows the download as megabytes and a bar, and plays without a click: not a value differs', async () => {
    const page = await site.newPage();
    const seen: number[] = [];
    await page.exposeFunction('see', (text: string) => seen.push(Number.parseFloat(text)));
    await page.addInitScript(() => {
      const { see } = globalThis as unknown as { see(text: string): void };
      const look = () =>
        see(document.querySelector('#hero .verdict')?.textContent?.replace(/^\D*/, '') ?? '');
      new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
    });
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await page.goto(`${site.server.origin}${paths.faces}`);
    await untilPlayed(page);
    const megabytes = new Set(seen.filter((value) => value >= 0));
    expect(megabytes.size).toBeGreaterThan(3);
    expect(Math.max(...megabytes)).toBeGreaterThan(5);
    const bar = page.locator('#hero').getByLabel('Model download'); // out of sight by now
    expect(await bar.evaluate((element) => (element as HTMLProgressElement).value)).toBe(1);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.close();
  });

  test('can be walked through by keyboard: tabs by arrows, everything in them by Tab', async () => {
    const page = await site.open();
    const selected = () => page.getByRole('tab', { selected: true }).textContent();
    await page.getByRole('tab', { name: 'Sample' }).focus();
    for (const [key, title] of [
      ['ArrowRight', 'Encode / decode'],
      ['ArrowLeft', 'Sample'],
      ['ArrowLeft', 'Your picture'],
      ['ArrowLeft', 'Train your own'],
      ['Home', 'Your picture'],
      ['End', 'Train your own'],
      ['ArrowRight', 'Your picture'],
    ] as const) {
      await page.keyboard.press(key);
      expect(await selected()).toBe(title);
    }
    for (const title of [
      'Your picture',
      'Sample',
      'Encode / decode',
      'Attributes',
      'Morph',
      'Restore',
      'Is it typical?',
      'Train your own',
    ]) {
      const panel = await openTab(page, title);
      await untilFilled(panel, title);
      const missed = await missedByTab(page);
      expect({ title, missed }).toEqual({ title, missed: [] });
      expect(await panel.isVisible()).toBe(true);
    }
    await page.close();
  });

  test('a slider moves by arrow keys, and the picture with it', async () => {
    const page = await site.open({ tab: 'encode' });
    const panel = page.getByRole('tabpanel', { name: 'Encode / decode' });
    await untilDiffering(panel, false);
    await panel.getByRole('slider').last().focus();
    for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowLeft');
    await untilDiffering(panel, true);
    await page.close();
  });

  test('sliders of which a file did not come are there on the next visit of their tab', async () => {
    const init = () => {
      const { fetch } = globalThis;
      let refused = false;
      globalThis.fetch = async (...args) => {
        const refuse = !refused && String(args[0]).endsWith('directions/mouth.safetensors');
        refused ||= refuse;
        return refuse ? new Response('busy', { status: 503 }) : fetch(...args);
      };
    };
    const page = await site.open({ tab: 'attributes', init });
    await eventually(
      () => status(page),
      (text) => expect(text).toBe('model/directions/mouth.safetensors: the server answers with 503'),
    );
    const sliders = page.locator('.directions').getByRole('slider');
    expect(await sliders.count()).toBe(0);
    await openTab(page, 'Sample');
    await openTab(page, 'Attributes');
    await page.getByRole('slider', { name: 'Mouth' }).waitFor();
    const count = await sliders.count();
    await openTab(page, 'Sample');
    await openTab(page, 'Attributes');
    expect(await sliders.count()).toBe(count);
    await page.close();
  });

  test('a face is dragged from the grid to the shelf of another tab', async () => {
    const page = await site.open();
    const grid = page.locator('#panel-sample .faces button');
    await eventually(
      () => pixelsOf(grid.locator('canvas')),
      (faces) => expect(new Set(faces).size).toBe(24),
    );
    await grid.nth(4).click();
    const kept = page.getByRole('region', { name: 'Kept pictures' }).getByRole('button');
    const attributes = await openTab(page, 'Attributes');
    const heap = attributes.getByRole('group', { name: 'With', exact: true });
    await heap.scrollIntoViewIfNeeded();
    await kept.dragTo(heap);
    await heap.getByText('With: 1').waitFor();
    expect(await pixelsOf(heap.locator('canvas'))).toEqual(await pixelsOf(kept.locator('canvas')));
    await page.close();
  });

  test('remembers light or dark', async () => {
    const page = await site.open({ colorScheme: 'light' });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByRole('button', { name: 'Switch to dark colours' }).click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await ground()).toBe(dark);
    await page.getByRole('button', { name: 'Switch to light colours' }).click();
    expect(await ground()).toBe(light);
    await page.close();
  });

  test('after a first visit it opens again with the server gone', async () => {
    const page = await site.open();
    await untilPlayed(page);
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await site.server.close();
    await page.reload();
    await untilPlayed(page);
    const panel = await openTab(page, 'Attributes');
    await untilDiffering(panel, false);
    await panel.getByRole('slider').nth(3).waitFor(); // directions are read after the face is drawn
    await page.close();
    site.forgive(/ERR_CONNECTION_REFUSED/); // the SDK asks for a newer manifest first, and Chromium reports that
  });
});

describeBrowser('a visit where the browser has no WebGPU, as on plain http', () => {
  const site = usePage({ host: insecureHost });

  test('is told so, before and after choosing it, and goes on in WebAssembly', async () => {
    const page = await site.open();
    expect(await page.evaluate(() => [isSecureContext, 'gpu' in navigator])).toEqual([false, false]);
    expect(await note(page).textContent()).toContain('This browser has no WebGPU');
    await chooseDevice(page, 'WebAssembly');
    await eventually(
      () => readout(page, 'Runs on').textContent(),
      (device) => expect(device).toMatch(/^WebAssembly/),
    );
    await chooseDevice(page, 'WebGPU');
    await eventually(
      () => note(page).textContent(),
      (text) => expect(text).toMatch(/^WebGPU does not work here: .*https/),
    );
    await eventually(
      () => readout(page, 'Runs on').textContent(),
      (device) => expect(device).toMatch(/^WebAssembly/),
    );
    expect(await note(page).textContent()).toContain('WebGPU does not work here');
    expect(await page.getByRole('radio', { name: 'WebAssembly' }).isChecked()).toBe(true);
    const panel = await openTab(page, 'Encode / decode');
    await untilDiffering(panel, false);
    await button(panel, 'Zero z2').click();
    await untilDiffering(panel, true);
    await page.close();
    site.forgive(/Cross-Origin-Opener-Policy header has been ignored|the cache .* cannot be used/);
  });
});

/** Waits for what can be used only once the model has answered. */
async function untilFilled(panel: Locator, title: string): Promise<void> {
  const last: Record<string, Locator> = {
    Attributes: panel.locator('.directions').getByRole('slider').nth(3),
    Morph: panel.locator('.strip canvas').first(),
    Restore: panel.getByText(/nats$/).nth(1),
    'Is it typical?': panel.getByRole('group', { name: 'Images by bits' }).getByRole('button').nth(11),
  };
  await last[title]?.waitFor();
}

/** Presses Tab through the page. @returns what could be used but was not reached. */
async function missedByTab(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    for (const element of document.querySelectorAll('[data-reached]'))
      element.removeAttribute('data-reached');
  });
  const wanted = await page.evaluate(
    () => document.querySelectorAll('button, input, select, summary').length,
  );
  for (let i = 0; i < wanted + 10; i++) {
    await page.keyboard.press('Tab');
    const isBack = await page.evaluate(() => {
      const { activeElement } = document;
      if (!activeElement || activeElement === document.body) return false;
      if (activeElement.hasAttribute('data-reached')) return true;
      activeElement.setAttribute('data-reached', '');
      return false;
    });
    if (isBack) break;
  }
  return page.evaluate(() => {
    const usable = 'button:not([disabled], [role=tab]), input:not([disabled], [type=radio]), select, summary';
    return [...document.querySelectorAll(`:is(${usable}):not([data-reached])`)]
      .filter((element) => element.checkVisibility())
      .map((element) => element.outerHTML.slice(0, 120));
  });
}
