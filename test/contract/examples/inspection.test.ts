/// <reference lib="dom" />
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checksumOf } from '@glow-onnx/flow/manifest';
import { encodeCalibration, loadGlow } from '@glow-onnx/runtime';
import { openDataset } from '@glow-onnx/trainer';
import { useExamplePage } from '../../support/example-page.js';
import { describeBrowser } from '../../support/use-browser.js';

const root = resolve(__dirname, '../../..');
const example = join(root, 'examples/inspection');
const picture = (name: string) => join(root, `examples/node/pictures/${name}.png`);

test('the page and its script have at most 64 lines', () => {
  const lines = ['index.html', 'inspect.js'].flatMap((name) =>
    readFileSync(join(example, name), 'utf8').trimEnd().split('\n'),
  );
  expect(lines.length).toBeLessThanOrEqual(64);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110);
});

describeBrowser('the inspection page, built', () => {
  const opened = useExamplePage('inspection');

  test('gives each picture a verdict, and shows it beside its map', async () => {
    const { page } = opened;
    await page.getByText('Choose pictures, or use the camera.').waitFor();
    await page.getByLabel('Pictures, or a calibration').setInputFiles(['ada', 'cat'].map(picture));
    await page
      .locator('#results')
      .getByText(/^cat\.png: check\. The brightest pixel has [\d.]+ bits\.$/)
      .waitFor();
    await page
      .locator('#results')
      .getByText(/^ada\.png: good\. /)
      .waitFor();
    for (const label of ['cat.png as the model sees it', 'Where the bits of cat.png are']) {
      const canvas = page.getByRole('img', { name: label });
      expect(await canvas.evaluate((one) => (one as HTMLCanvasElement).width)).toBe(32);
    }
  }, 120_000);

  test('takes a calibration, whose verdicts it then gives', async () => {
    const { page, folder } = opened;
    const faces = await openDataset(join(root, 'models/faces/faces.json'));
    const good = await faces.images(Uint32Array.from({ length: 140 }, (_, i) => i));
    await faces.close();
    const glow = await loadGlow(join(root, 'models/faces'), { device: 'cpu' });
    const path = join(folder, 'calibration.json');
    writeFileSync(path, encodeCalibration(await glow.calibrate(good)));
    await glow.dispose();
    await page.getByLabel('Pictures, or a calibration').setInputFiles([path, picture('cat')]);
    await page
      .locator('#results')
      .getByText(/^cat\.png: check\. /)
      .nth(1)
      .waitFor();
    writeFileSync(path, '{}');
    await page.getByLabel('Pictures, or a calibration').setInputFiles(path);
    await page.locator('#status').getByText('calibration').waitFor();
  }, 120_000);

  test('says that a model without a histogram needs a calibration', async () => {
    const { page } = opened;
    const other = await page.context().newPage();
    await other.route('**/manifest.json', async (route) => {
      const { checksum: _, ...facts } = await (await route.fetch()).json();
      delete facts.training.histogram;
      await route.fulfill({ json: { ...facts, checksum: checksumOf(facts) } });
    });
    await other.goto(page.url());
    await other.getByText('Choose pictures, or use the camera.').waitFor({ timeout: 60_000 });
    await other.getByLabel('Pictures, or a calibration').setInputFiles(picture('ada'));
    await other.locator('#status').getByText('This model needs a calibration.').waitFor();
    await other.close();
  }, 120_000);

  test('takes a photo, and says what is wrong with a file and a camera', async () => {
    const { page, problems } = opened;
    await page.getByLabel('Pictures, or a calibration').setInputFiles(join(example, 'README.md'));
    await page.locator('#status').getByText('expected a PNG, JPEG or WebP').waitFor();
    await page.evaluate(() => {
      const canvas = document.createElement('canvas');
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      setInterval(() => {
        context.fillStyle = `rgb(200 100 ${Math.round(Math.random())})`; // a stream has frames while its canvas changes
        context.fillRect(0, 0, 300, 150);
      }, 250);
      navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(4);
    });
    await page.getByRole('button', { name: 'Camera' }).click();
    await page
      .locator('#results')
      .getByText(/^The photo: check\. /)
      .waitFor();
    await page.evaluate(() => {
      (document.querySelector('#video') as HTMLVideoElement).srcObject = null;
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('the camera is in use'));
    });
    await page.getByRole('button', { name: 'Camera' }).click();
    await page.locator('#status').getByText('the camera is in use').waitFor();
    expect(problems).toEqual([]);
  }, 120_000);
});
