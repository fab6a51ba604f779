// The pictures of the page in README.md, from the page as it is: npm run screenshots
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';

const root = fileURLToPath(new URL('../examples/browser', import.meta.url));
const images = fileURLToPath(new URL('../docs/images', import.meta.url));

await build({ root, logLevel: 'warn' });
const server = await preview({ root, logLevel: 'warn' });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking'],
});
try {
  const context = await browser.newContext({ reducedMotion: 'reduce' }); // nothing moves
  const page = await context.newPage();
  await page.setViewportSize({ width: 1280, height: 1150 });
  await page.goto(server.resolvedUrls.local[0]);
  await page.getByRole('tab', { name: 'Sample' }).click();
  await page.getByRole('button', { name: 'Show the opening' }).click();
  await page.getByText('Device and speed').click();
  await page.getByText('WebAssembly', { exact: true }).click();
  await page.getByText('Every device returns the same pixels.').waitFor();
  await page.getByText('Device and speed').click();
  await page.locator('#hero').getByText('0 of 768 values differ').waitFor();
  await page.waitForFunction(() => {
    const isDrawn = (canvas) => canvas.getContext('2d').getImageData(0, 0, 1, 1).data[3] > 0;
    return [...document.querySelectorAll('#panel-sample .faces canvas')].every(isDrawn);
  });
  await page.screenshot({ path: `${images}/page.png` });

  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('tab', { name: 'Attributes' }).click();
  const panel = page.getByRole('tabpanel', { name: 'Attributes' });
  await panel.getByText(/^0 of 768/).waitFor();
  for (const name of ['Glasses', 'Mouth']) await panel.getByRole('slider', { name }).fill('1');
  await panel.getByText(/^[1-9]\d* of 768/).waitFor();
  const { x, y, width, height } = await panel.locator('.editor').boundingBox();
  const clip = { x: x - 16, y: y - 16, width: width + 32, height: height + 32 };
  await page.screenshot({ path: `${images}/page-attributes.png`, clip });
} finally {
  await browser.close();
  await server.close();
}
