import { join } from 'node:path';
import { describeBrowser, useBrowser } from '../../support/use-browser.js';

const root = join(__dirname, '../../..');

/** Seconds from pictures to probe. Other work may leave the tests a small part of a core: 29 s were measured so. */
const LIMIT = 60;

/** What the page uses of examples/probe/train-probe.mjs. */
interface Probe {
  trainProbe(rows: readonly Float32Array[], labels: readonly number[]): Promise<object>;
  predict(probe: object, rows: readonly Float32Array[]): number[];
}

describeBrowser('a page', () => {
  const browser = useBrowser({
    mounts: { '/probe/': join(root, 'examples/probe') },
  });

  test('trains a probe on 20 pictures of each of ten classes', async () => {
    await browser.page.addScriptTag({
      type: 'module',
      content: "import * as probe from '/probe/train-probe.mjs'; Object.assign(globalThis, { probe });",
    });
    await browser.page.waitForFunction(() => 'probe' in globalThis);
    const { seconds, right } = await browser.run(async ({ glow }) => {
      const { predict, trainProbe } = (globalThis as unknown as { probe: Probe }).probe;
      /** A bar whose place is the class, on a ground that differs from picture to picture. */
      const pictureOf = (label: number, i: number) => {
        const data = Uint8Array.from({ length: 784 }, (_, at) => {
          const isBar = Math.floor(Math.floor(at / 28) / 2.8) === label;
          return isBar ? 255 - 3 * i : (at * 7 + i * 31) % 64;
        });
        return { data, width: 28, height: 28, channels: 1 as const };
      };
      const pictures = Array.from({ length: 200 }, (_, n) => pictureOf(n % 10, Math.floor(n / 10)));
      const others = Array.from({ length: 20 }, (_, n) => pictureOf(n % 10, 20 + Math.floor(n / 10)));
      const model = await glow.loadGlow('/models/fashion-mnist', { device: 'wasm', cache: false });
      const rowsOf = async (images: typeof pictures) =>
        (await model.features(images)).map(({ data }) => data);
      const start = performance.now();
      const probe = await trainProbe(
        await rowsOf(pictures),
        pictures.map((_, n) => n % 10),
      );
      const seconds = (performance.now() - start) / 1000;
      const found = predict(probe, await rowsOf(others));
      await model.dispose();
      return { seconds, right: found.filter((label, n) => label === n % 10).length };
    });
    expect(right).toBeGreaterThanOrEqual(18);
    expect(seconds).toBeLessThan(LIMIT);
    process.stderr.write(`probe in Chromium: ${seconds.toFixed(1)} s\n`);
  }, 300_000);
});
