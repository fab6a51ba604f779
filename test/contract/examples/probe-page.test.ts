/// <reference lib="dom" />
import { join, resolve } from 'node:path';
import type { AxeResults } from 'axe-core';
import { useExamplePage } from '../../support/example-page.js';
import { describeBrowser } from '../../support/use-browser.js';

const root = resolve(__dirname, '../../..');
const picture = (name: string) => join(root, `examples/node/pictures/${name}.png`);
const axe = require.resolve('axe-core/axe.min.js');

/** Seconds from 200 pictures to a probe: 3 on a core of its own. Other work may leave the tests a tenth of a core. */
const LIMIT = 60;
/** Of 100 test pictures of ten classes. 80 are right with the features of models/fashion-mnist; to guess gives 10. */
const LEAST = 75;

describeBrowser('the page of the probe, built, on a phone', () => {
  const opened = useExamplePage('probe', { viewport: { width: 360, height: 740 } });
  const statusOf = (text: string | RegExp) => opened.page.getByRole('status').getByText(text);
  const press = (name: string) => opened.page.getByRole('button', { name, exact: true }).click();

  test('learns ten classes from 20 pictures each in seconds, and predicts those of other pictures', async () => {
    await statusOf('The model is ready').waitFor();
    const train = opened.page.getByRole('button', { name: 'Train', exact: true });
    expect(await train.isDisabled()).toBe(true); // there are no classes
    await press('Take clothes');
    await statusOf('Train on them').waitFor();
    await press('Train');
    const trained = (await statusOf('Trained on').textContent()) ?? '';
    expect(trained).toMatch(/^Trained on 200 pictures of 10 classes in [\d.]+ s\.$/);
    const seconds = Number(/in ([\d.]+) s/.exec(trained)?.[1]);
    process.stderr.write(`probe in Chromium: ${seconds} s\n`);
    expect(seconds).toBeLessThan(LIMIT);
    await press('Predict other clothes');
    const told = (await statusOf('are predicted right').textContent()) ?? '';
    expect(Number(told.split(' ')[0])).toBeGreaterThanOrEqual(LEAST);
    expect(told).toContain('of 100 pictures');
    expect(await opened.page.getByRole('list', { name: 'Predictions' }).getByRole('listitem').count()).toBe(
      100,
    );
  }, 120_000);

  test('fits a phone, and satisfies axe', async () => {
    const { page } = opened;
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await page.addScriptTag({ path: axe });
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
      return (await axe.run()).violations;
    });
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  }, 60_000);

  test('learns classes from pictures that are given, and says which file is none', async () => {
    const { page } = opened;
    const remove = page.getByRole('button', { name: /^Remove / });
    while ((await remove.count()) > 0) await remove.first().click();
    for (const [i, names] of [['ada', 'ben'], ['cat']].entries()) {
      await press('Add a class');
      const card = page
        .getByRole('listitem')
        .filter({ has: page.getByLabel('Name of the class') })
        .nth(i);
      await card.getByLabel('Name of the class').fill(names.join(' and '));
      await card.getByLabel('Pictures').setInputFiles(names.map(picture));
      await card
        .getByRole('img')
        .nth(names.length - 1)
        .waitFor();
    }
    await press('Train');
    await statusOf(/^Trained on 3 pictures of 2 classes/).waitFor();
    await page
      .getByLabel('Predict pictures of yours')
      .setInputFiles([picture('cat'), join(root, 'examples/probe/README.md')]);
    await statusOf(/^Predicted 1 picture\. README\.md: .*expected a PNG, JPEG or WebP/).waitFor();
  }, 120_000);

  test('takes another model: classes keep their pictures, the probe is forgotten', async () => {
    const { page, problems } = opened;
    await page.getByLabel('Trained on').selectOption('pixel-faces');
    await statusOf('It sees pictures of 16×16 pixels').waitFor();
    expect(await page.getByLabel('Predict pictures of yours').isDisabled()).toBe(true);
    const [canvas] = await page.locator('#classes canvas').all();
    expect(await canvas?.evaluate((one) => (one as HTMLCanvasElement).width)).toBe(16);
    await press('Train');
    await statusOf(/^Trained on 3 pictures of 2 classes/).waitFor();
    await page.route('**/fashion-mnist/pictures.json', (route) => route.abort());
    await page.getByLabel('Trained on').selectOption('fashion-mnist');
    await statusOf('Failed to fetch').waitFor();
    await press('Predict other faces by their hats'); // the page keeps the model, its sheet and the probe
    await statusOf('are predicted right').waitFor();
    await page.getByLabel('Trained on').selectOption('own');
    const folder = page.getByLabel('Model folder', { exact: true });
    await folder.setInputFiles(join(root, 'examples/servers'));
    await statusOf('manifest.json').waitFor();
    expect(await folder.inputValue()).toBe(''); // the same folder can be chosen again
    await folder.setInputFiles(join(root, 'models/fashion-mnist'));
    await statusOf('It sees pictures of 28×28 pixels').waitFor();
    expect(problems).toEqual([]);
  }, 120_000);
});
