/// <reference lib="dom" />
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { exportModel } from '@glow-onnx/exporter';
import { createGlow } from '@glow-onnx/flow';
import type { Locator, Page } from 'playwright-core';
import { randomParams } from '../../../support/random-params.js';
import { tinyConfig } from '../../../support/tiny-config.js';
import { describeBrowser } from '../../../support/use-browser.js';
import { button, openTab, status } from './drive.js';
import { drop, picture, pixelsOf } from './pictures.js';
import { eventually, timeoutMs, usePage } from './use-page.js';

jest.setTimeout(timeoutMs);

const models = resolve(__dirname, '../../../../models');

describeBrowser('a model of the user', () => {
  const site = usePage();
  let page: Page;
  let folder: string;
  const bar = () => page.locator('#machine');
  const pick = (path: string) => bar().locator('input[type=file]').setInputFiles(path);
  const untilSaid = (text: RegExp) =>
    eventually(
      () => status(page),
      (said) => expect(said).toMatch(text),
    );
  const size = (canvas: Locator) =>
    canvas.evaluate(({ width, height }: HTMLCanvasElement) => ({ width, height }));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glow-own-'));
    const config = tinyConfig({ prior: 'learned', classes: 2 });
    const training = { classNames: ['cats', 'dogs'] };
    const params = randomParams(createGlow(config), 3);
    await exportModel({ config, params, initialised: true, training }, { out: join(folder, 'pets') });
    page = await site.open();
  }, timeoutMs);

  afterAll(() => rm(folder, { recursive: true }));

  test('of 28×28 grey garments is chosen by its folder, and every tab is about it', async () => {
    await pick(join(models, 'fashion-mnist'));
    await untilSaid(/^fashion-mnist is open\.$/);
    await bar().getByText('Model: fashion-mnist · 28×28, grey').waitFor();
    await page.getByRole('heading', { name: 'A garment becomes 784 numbers, and comes back.' }).waitFor({
      state: 'attached',
    });
    const sample = await openTab(page, 'Sample');
    await sample.getByText('The model draws clothes that nobody sells.').waitFor();
    await eventually(
      () => pixelsOf(sample.locator('.faces canvas')),
      (images) => expect(new Set(images).size).toBe(24),
    );
    expect(await size(sample.locator('.faces canvas').first())).toEqual({ width: 28, height: 28 });

    const encode = await openTab(page, 'Encode / decode');
    await encode.getByText('0 of 784').waitFor();
    await encode.getByText('no value differs').waitFor();
    await button(encode, 'Zero z1').click();
    await encode.getByText(/^[1-9]\d* of 784$/).waitFor();
    await encode.getByText('differences: yellow is large').waitFor();
    expect(await encode.getByRole('slider').count()).toBe(2); // levels

    const attributes = await openTab(page, 'Attributes');
    await attributes.getByText('This model brings no sliders.').waitFor();
    for (const name of ['With', 'Without']) {
      await button(attributes, `Garment ${name.length}`).click();
      await attributes.getByText('0 of 784 values differ').waitFor();
      await button(attributes.getByRole('group', { name, exact: true }), 'Add the garment above').click();
    }
    await button(attributes, 'Make the slider').click();
    await attributes.getByRole('slider', { name: 'Mine' }).waitFor();
    await attributes.getByText(/^[1-9]\d* of 784 values differ$/).waitFor();

    const morph = await openTab(page, 'Morph');
    await eventually(
      () => morph.locator('.strip canvas').count(),
      (count) => expect(count).toBe(16),
    );
    const typical = await openTab(page, 'Is it typical?');
    await typical.getByRole('heading', { name: 'Garment 1: resembles the training garments' }).waitFor();
    await drop(page, page.locator('header'), await picture());
    const own = page.getByRole('tabpanel', { name: 'Your picture' });
    await own
      .getByText(/^(Less|More) likely than .* 1,002 garments that the model has never seen\./)
      .waitFor();
  });

  test('of 8×8 in colour, with classes and without any text, is dropped as a folder', async () => {
    await dropFolder(page, join(folder, 'pets'));
    await untilSaid(/^pets is open\.$/);
    await bar().getByText('Model: pets · 8×8, colour').waitFor();
    const own = await openTab(page, 'Your picture');
    await own.getByRole('heading', { name: 'blinds.png' }).waitFor(); // the picture given to the model before
    await button(own, 'Picture 1').click();
    await own.getByText('Yes: 0 of 192 values differ.').waitFor();
    await own.getByText('This model has no scores of unseen pictures to compare with.').waitFor();
    const sample = await openTab(page, 'Sample');
    const grid = () => pixelsOf(sample.locator('.faces canvas'));
    await eventually(grid, (images) => expect(new Set(images).size).toBe(24));
    const cats = await grid();
    await bar().getByLabel('Class').selectOption('dogs');
    await eventually(grid, (images) => expect(images.filter((image, i) => image === cats[i])).toEqual([]));
    const encode = await openTab(page, 'Encode / decode');
    await button(encode, 'Picture 1').click();
    await encode.getByText('0 of 192').waitFor();
    const restore = await openTab(page, 'Restore');
    await restore.getByText('most likely', { exact: true }).waitFor();
    await restore.getByText('This model has no scores of unseen pictures to compare with.').waitFor();
  });

  test('that is broken, hostile or none is refused with the reason, and the one before goes on', async () => {
    const broken = async (name: string, change: (copy: string) => Promise<void>) => {
      const copy = join(folder, name);
      await cp(join(folder, 'pets'), copy, { recursive: true });
      await change(copy);
      return copy;
    };
    const write = (file: string, text: string) => (copy: string) => writeFile(join(copy, file), text);
    const cases: [string, RegExp][] = [
      [
        await broken('empty', async (copy) => rm(join(copy, 'manifest.json'))),
        /^This folder has .*A model folder has manifest\.json and onnx\//,
      ],
      [
        await broken('torn', write('manifest.json', '{ "formatVersion": 2')),
        /^torn cannot be opened: .*manifest\.json/,
      ],
      [
        await broken('changed', write('onnx/decode.onnx', 'other bytes')),
        /^changed cannot be opened: .*decode\.onnx/,
      ],
      [
        await broken(
          'words',
          write('page.json', '{ "version": 1, "one": 7, "many": "pets", "knows": "pets" }'),
        ),
        /^words cannot be opened: page\.json: "one": expected a text of 1 to 24 characters$/,
      ],
      [
        await broken(
          'sheet',
          write('pictures.json', '{ "tile": { "width": 8, "height": 8 }, "count": 1e9 }'),
        ),
        /^sheet cannot be opened: pictures\.json: "count": expected an integer from 1 to 2000$/,
      ],
      [
        await broken('many', async (copy) => {
          for (let i = 0; i < 500; i++) await writeFile(join(copy, `${i}.txt`), '');
        }),
        /^This folder has more than 500 files\./,
      ],
    ];
    for (const [path, reason] of cases) {
      await pick(path);
      await untilSaid(reason);
    }
    await dropFolder(page, join(folder, 'many'));
    await untilSaid(/^This folder has more than 500 files\./);
    await drop(page, page.locator('header'), {
      ...{ name: 'encode.onnx', mimeType: '', buffer: Buffer.from('a graph') },
    });
    await untilSaid(/^encode\.onnx is one file of a model\. Drop its whole folder/);
    await bar().getByText('Model: pets · 8×8, colour').waitFor();
    const encode = await openTab(page, 'Encode / decode');
    await button(encode, 'Zero z1').click();
    await encode.getByText(/^[1-9]\d* of 192$/).waitFor();
  });

  test('is left for the faces by a click', async () => {
    await button(bar(), 'Back to faces').click();
    await untilSaid(/^faces is open\.$/);
    const own = await openTab(page, 'Your picture');
    await own.getByRole('heading', { name: 'blinds.png' }).waitFor();
    await button(own, 'Face 1').click();
    await own.getByText('Yes: 0 of 3072 values differ.').waitFor();
    await own.getByRole('heading', { name: 'Resembles the training faces' }).waitFor();
    expect(await button(bar(), 'Back to faces').isVisible()).toBe(false);
  });
});

/** Drops a folder on the page, as the file manager does. */
async function dropFolder(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 300, y: 20, data });
  }
  await session.detach();
}
