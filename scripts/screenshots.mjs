// The pictures of pages in README.md and examples/probe/README.md, from the pages as they are:
//   npm run screenshots -- [browser] [probe]
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';

const images = fileURLToPath(new URL('../docs/images', import.meta.url));
/** By the folder of an example. */
const pages = { browser: shootPage, probe: shootProbe };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking'],
});
try {
  const chosen = process.argv.slice(2);
  for (const name of chosen.length > 0 ? chosen : Object.keys(pages)) await shoot(name);
} finally {
  await browser.close();
}

async function shoot(name) {
  const root = fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
  await build({ root, logLevel: 'warn' });
  const server = await preview({ root, logLevel: 'warn' });
  try {
    const context = await browser.newContext({ reducedMotion: 'reduce' }); // nothing moves
    await pages[name](await context.newPage(), server.resolvedUrls.local[0]);
    await context.close();
  } finally {
    await server.close();
  }
}

async function shootPage(page, address) {
  await page.setViewportSize({ width: 1280, height: 1150 });
  await page.goto(address);
  await page.getByRole('tab', { name: 'Sample' }).click();
  await page.getByRole('button', { name: 'Show the opening' }).click();
  await page.getByText('Device and speed').click();
  await page.getByText('WebAssembly', { exact: true }).click();
  await page.getByText('Every device returns the same pixels.').waitFor();
  await page.getByText('Device and speed').click();
  await page.locator('#hero').getByText('0 of 3072 values differ').waitFor();
  await page.waitForFunction(() => {
    const isDrawn = (canvas) => canvas.getContext('2d').getImageData(0, 0, 1, 1).data[3] > 0;
    return [...document.querySelectorAll('#panel-sample .faces canvas')].every(isDrawn);
  });
  await page.screenshot({ path: `${images}/page.png` });

  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('tab', { name: 'Attributes' }).click();
  const panel = page.getByRole('tabpanel', { name: 'Attributes' });
  await panel.getByText(/^0 of 3072/).waitFor();
  for (const name of ['Mouth', 'Hair behind']) await panel.getByRole('slider', { name }).fill('1');
  await panel.getByText(/^[1-9]\d* of 3072/).waitFor();
  const { x, y, width, height } = await panel.locator('.editor').boundingBox();
  const clip = { x: x - 16, y: y - 16, width: width + 32, height: height + 32 };
  await page.screenshot({ path: `${images}/page-attributes.png`, clip });
}

async function shootProbe(page, address) {
  page.setDefaultTimeout(120_000); // the model and the probe compute
  await page.setViewportSize({ width: 1000, height: 1450 });
  await page.goto(address);
  const says = (text) => page.getByRole('status').getByText(text).waitFor();
  await says('The model is ready');
  await page.getByRole('button', { name: 'Take clothes' }).click();
  await says('Train on them');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await says('Trained on');
  await page.getByRole('button', { name: 'Predict other clothes' }).click();
  await says('are predicted right');
  await page.screenshot({ path: `${images}/probe-page.png` });
}
