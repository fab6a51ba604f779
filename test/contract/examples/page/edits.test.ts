import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { describeBrowser } from '../../../support/use-browser.js';
import { button, devices, openTab, status, untilDiffering } from './drive.js';
import { atFiveBits, drop, picture, pixelsOf } from './pictures.js';
import { eventually, paths, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

describeBrowser.each(devices)('the page on $device', ({ device, path }) => {
  const site = usePage();
  let page: Page;
  beforeAll(async () => {
    page = await site.open({ path, device });
  }, timeoutMs);

  test('Attributes: sliders change a face together, and at 0 every value is back', async () => {
    const panel = await openTab(page, 'Attributes');
    const sliders = panel.locator('.directions').getByRole('slider');
    await eventually(
      () => sliders.count(),
      (count) => expect(count).toBeGreaterThanOrEqual(4),
    );
    const edited = panel.getByRole('img', { name: 'The face with the sliders applied' });
    await untilDiffering(panel, false);
    const faces = new Set(await pixelsOf(edited));
    for (const i of [0, 1]) {
      await sliders.nth(i).fill('1');
      await eventually(
        () => pixelsOf(edited),
        ([now]) => expect(faces).not.toContain(now),
      );
      faces.add((await pixelsOf(edited))[0] as string);
    }
    await button(panel, 'All to 0').click();
    await untilDiffering(panel, false);
    const before = panel.getByRole('img', { name: 'The original face' });
    expect(await pixelsOf(edited)).toEqual(await pixelsOf(before));
    await sliders.nth(2).fill('1');
    await untilDiffering(panel, true);
    await panel.locator('.direction .reset').nth(2).click();
    await untilDiffering(panel, false);
  });

  test('Attributes: faces with something and without it become a slider', async () => {
    const panel = await openTab(page, 'Attributes');
    const sliders = panel.locator('.directions').getByRole('slider');
    const count = await sliders.count();
    const [withIt, without] = ['With', 'Without'].map((name) =>
      panel.getByRole('group', { name, exact: true }),
    ) as [Locator, Locator];
    const make = button(panel, 'Make the slider');
    expect(await make.isDisabled()).toBe(true);
    await button(withIt, 'Add the face above').click();
    await drop(page, without, await picture());
    await without.getByText('Without: 1').waitFor();
    await panel.getByLabel('Name').fill('Blinds away');
    await make.click();
    await panel.getByRole('slider', { name: 'Blinds away' }).waitFor();
    expect(await sliders.count()).toBe(count + 1);
    await untilDiffering(panel, true);
    await button(panel, 'Blinds away: back to 0').click();
    await untilDiffering(panel, false);
    await button(panel, 'Use these').click();
    await withIt.getByText(/^With: [1-9]/).waitFor();
    await button(withIt, 'Remove all').click();
    expect(await make.isDisabled()).toBe(true);
  });

  test('Morph: from one face to the other, by line or arc, in so many steps, saved as a PNG', async () => {
    const panel = await openTab(page, 'Morph');
    const strip = panel.getByRole('group', { name: 'All faces of the morph' }).locator('canvas');
    const untilSteps = (steps: number) =>
      eventually(
        () => strip.count(),
        (count) => expect(count).toBe(steps),
      );
    await panel.getByLabel('Steps').fill('5');
    await untilSteps(5);
    const line = await pixelsOf(strip);
    expect(line[0]).toBe(atFiveBits(await pixelsOf(panel.getByRole('img', { name: 'From: the face' }))));
    expect(line[4]).toBe(atFiveBits(await pixelsOf(panel.getByRole('img', { name: 'To: the face' }))));
    await panel.getByText('Arc', { exact: true }).click();
    await eventually(
      () => pixelsOf(strip),
      (arc) => expect(arc[2]).not.toBe(line[2]),
    );
    const arc = await pixelsOf(strip);
    expect([arc[0], arc[4]]).toEqual([line[0], line[4]]);
    await drop(page, panel.getByRole('group', { name: 'To', exact: true }), await picture());
    await eventually(
      () => pixelsOf(strip),
      (now) => expect(now[4]).not.toBe(line[4]),
    );

    const downloading = page.waitForEvent('download');
    await button(panel, 'Save the strip as PNG').click();
    const file = await (await downloading).path();
    expect((await downloading).suggestedFilename()).toBe('morph-spherical-5.png');
    const side = 8 * (path === paths.faces ? 32 : 16);
    expect(await sharp(file).metadata()).toMatchObject({
      width: 5 * (side + 8) - 8,
      height: side,
      channels: 3,
    });
  });

  test('Morph: the film plays, stops and goes to a place', async () => {
    const panel = await openTab(page, 'Morph');
    const stage = () => pixelsOf(panel.getByRole('img', { name: 'The current face' }));
    const strip = panel.getByRole('group', { name: 'All faces of the morph' }).locator('canvas');
    for (const place of [1, 4]) {
      await panel.getByLabel('Position').fill(`${place}`);
      expect(await stage()).toEqual((await pixelsOf(strip)).slice(place - 1, place));
    }
    const still = await stage();
    await button(panel, 'Play').click();
    await eventually(stage, (now) => expect(now).not.toEqual(still));
    await button(panel, 'Pause').click();
    await strip.nth(2).click();
    expect(await stage()).toEqual((await pixelsOf(strip)).slice(2, 3));
  });

  test('Is it typical?: images stand by their bits beside the held-out faces, a dropped one too', async () => {
    const panel = await openTab(page, 'Is it typical?');
    const places = panel.getByRole('group', { name: 'Images by bits per value' }).getByRole('button');
    await eventually(
      () => places.count(),
      (count) => expect(count).toBe(12),
    );
    await drop(page, panel.getByRole('group', { name: 'Image to test' }), await picture());
    await panel.getByRole('heading', { name: /^blinds\.png: / }).waitFor();
    expect(await status(page)).toMatch(/^blinds\.png: /);
    expect(await places.count()).toBe(13);
    if (path === paths.faces) {
      await panel.getByRole('heading', { name: 'unlike the training faces' }).waitFor();
      await button(panel, /^Face 1: /).click();
      await panel.getByRole('heading', { name: 'Face 1: resembles the training faces' }).waitFor();
    }
  });

  test('Is it typical?: a map of its bits lies over the chosen image while its button is pressed', async () => {
    const panel = await openTab(page, 'Is it typical?');
    const heat = panel.locator('.heat');
    const toggle = button(panel, 'Show where its bits are');
    await panel.getByRole('heading', { name: /: / }).waitFor();
    expect([await toggle.getAttribute('aria-pressed'), await heat.isVisible()]).toEqual(['false', false]);
    await toggle.focus();
    await page.keyboard.press('Enter');
    const caption = panel.getByText(
      /^Dark is [\d.]+ bits, bright is [\d.]+\. The brightest pixel is in row /,
    );
    await caption.waitFor();
    expect([await toggle.getAttribute('aria-pressed'), await heat.isVisible()]).toEqual(['true', true]);
    expect(await status(page)).toBe(await caption.textContent());
    const [first] = await pixelsOf(heat);
    await button(panel, /^Noise: /).press('Enter'); // others may lie over it
    await eventually(
      () => pixelsOf(heat),
      ([next]) => expect(next).not.toBe(first),
    );
    await toggle.press('Enter');
    expect([await toggle.getAttribute('aria-pressed'), await heat.isVisible()]).toEqual(['false', false]);
    expect(await caption.count()).toBe(0);
  });
});
