import type { Locator, Page } from 'playwright-core';
import { describeBrowser } from '../../../support/use-browser.js';
import { button, devices, openTab, status, untilDiffering } from './drive.js';
import { drop, picture, pixelsOf, wrongFiles } from './pictures.js';
import { eventually, readout, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

describeBrowser.each(devices)('the page on $device', ({ device, path, runsOn }) => {
  const site = usePage();
  let page: Page;
  beforeAll(async () => {
    page = await site.open({ path, device });
  }, timeoutMs);

  test('says what it runs on, and that the self-test passed', async () => {
    expect(await readout(page, 'Runs on').textContent()).toMatch(runsOn);
    expect(await readout(page, 'Self-test').textContent()).toMatch(/^passed/);
    expect(await readout(page, 'Model').textContent()).toMatch(/^(\d+\.\d) of \1 MB$/);
  });

  test('Sample: the grid follows temperature and seed, is timed, and a click keeps a face', async () => {
    const panel = await openTab(page, 'Sample');
    const grid = panel.locator('.faces canvas');
    const faces = () => pixelsOf(grid);
    const untilOthers = (than: readonly string[]) =>
      eventually(faces, (now) => expect(now.filter((face, i) => face === than[i])).toEqual([]));
    await eventually(faces, (now) => expect(new Set(now).size).toBe(24));
    const seven = await faces();
    await panel.getByLabel('Seed').fill('8');
    await untilOthers(seven);
    await panel.getByLabel('Seed').fill('7');
    await eventually(faces, (now) => expect(now).toEqual(seven));
    await button(panel, 'New seed').click();
    await untilOthers(seven);
    await panel.getByLabel('Temperature').fill('0');
    await eventually(faces, (now) => expect(new Set(now).size).toBe(1));

    await panel.getByLabel('Temperature').fill('0.7'); // nothing else runs now: only a call alone is timed
    await eventually(faces, (now) => expect(new Set(now).size).toBe(24));
    await eventually(
      () => readout(page, 'Per image').textContent(),
      (time) => expect(time).toMatch(/^[\d.]+ ms$/),
    );

    await button(panel, 'Keep sample 3').click();
    expect(await status(page)).toBe('Sample 3 is kept at the foot of the page.');
    const shelf = page.getByRole('region', { name: 'Kept pictures' });
    expect(await pixelsOf(shelf.locator('canvas'))).toEqual((await faces()).slice(2, 3));
    await button(shelf, 'Remove kept face 1').click();
    expect(await shelf.locator('canvas').count()).toBe(0);
  });

  test('Encode / decode: every value comes back; a level scaled changes the face, reset restores it', async () => {
    const panel = await openTab(page, 'Encode / decode');
    const [seen, back] = ['The image as the model sees it', 'The decoded image'].map((name) =>
      panel.getByRole('img', { name }),
    ) as [Locator, Locator];
    await untilDiffering(panel, false);
    expect(await pixelsOf(back)).toEqual(await pixelsOf(seen));
    for (const level of [0, 1, 2]) {
      await panel.getByRole('slider', { name: `z${level}` }).fill('0.5');
      await untilDiffering(panel, true);
      await button(panel, `Reset z${level}`).click();
      await untilDiffering(panel, false);
    }
    await button(panel, 'Zero z2').click();
    await untilDiffering(panel, true);
    expect(await pixelsOf(back)).not.toEqual(await pixelsOf(seen));
    const latents = await pixelsOf(panel.getByRole('img', { name: 'Latents z2' }));
    expect(new Set(latents[0]?.match(/.{8}/g)).size).toBeLessThanOrEqual(2); // one colour, and what is between tiles
    await button(panel, 'Reset z2').click();
    await untilDiffering(panel, false);
  });

  test('Encode / decode: a picture comes from disk, from a drop, from the shipped and from the kept ones', async () => {
    const panel = await openTab(page, 'Encode / decode');
    const input = panel.getByRole('group', { name: 'Image' });
    const seen = () => pixelsOf(panel.getByRole('img', { name: 'The image as the model sees it' }));
    const bits = () => panel.locator('output', { hasText: /^\d+\.\d\d$/ }).allTextContents();
    const untilOther = async (than: { seen: string[]; bits: string[] }) => {
      await eventually(seen, (now) => expect(now).not.toEqual(than.seen));
      await eventually(bits, (now) => expect(now).not.toEqual(than.bits));
      await untilDiffering(panel, false);
      return { seen: await seen(), bits: await bits() };
    };

    await eventually(bits, (now) => expect(now).toHaveLength(1));
    const first = { seen: await seen(), bits: await bits() };
    await input.locator('input[type=file]').setInputFiles(await picture());
    const blinds = await untilOther(first);
    await button(input, 'Face 2').click();
    const second = await untilOther(blinds);
    await drop(page, input, await picture());
    expect(await untilOther(second)).toEqual(blinds);

    const samples = await openTab(page, 'Sample');
    await button(samples, 'Keep sample 1').click();
    await openTab(page, 'Encode / decode');
    await button(input, 'Kept 1').click();
    await untilOther(blinds);
    await page.getByRole('region', { name: 'Kept pictures' }).getByRole('button').click();
  });

  test('a dropped file that is no picture is named, and everything stays as it was; the next picture ends that', async () => {
    const panel = await openTab(page, 'Encode / decode');
    await untilDiffering(panel, false);
    const before = await pixelsOf(panel.locator('canvas'));
    for (const { says, ...file } of await wrongFiles()) {
      await drop(page, panel.getByRole('group', { name: 'Image' }), file);
      await eventually(
        () => status(page),
        (text) => expect(text).toMatch(says),
      );
      expect(await panel.locator('.refusal').textContent()).toBe(await status(page));
      expect(await pixelsOf(panel.locator('canvas'))).toEqual(before);
    }
    await button(panel, 'Face 3').click();
    await untilDiffering(panel, false);
    expect([await status(page), await panel.locator('.refusal').isVisible()]).toEqual(['', false]);
  });
});

describeBrowser('models/faces on WebGPU', () => {
  const site = usePage();

  test('gives a face back to its last value', async () => {
    const page = await site.open({ tab: 'encode', device: 'webgpu' });
    const panel = page.getByRole('tabpanel', { name: 'Encode / decode' });
    await button(panel, 'Zero z2').click();
    await untilDiffering(panel, true);
    await button(panel, 'Reset z2').click();
    await untilDiffering(panel, false);
    expect(await readout(page, 'Runs on').textContent()).toBe('WebGPU');
    const canvas = (name: string) => panel.getByRole('img', { name });
    expect(await pixelsOf(canvas('The decoded image'))).toEqual(
      await pixelsOf(canvas('The image as the model sees it')),
    );
  });
});
