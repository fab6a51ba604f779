import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createFrameworkApp, type FrameworkApp, runIn } from '../../support/framework-app.js';
import { facesOf, openPage, restored, withServer } from '../../support/framework-server.js';
import { chromium } from '../../support/machine.js';
import { describeNeeding } from '../../support/needing.js';

/** docs/frameworks/next.md, with Turbopack, which is the default, and with webpack. */
const next = 'node_modules/next/dist/bin/next';
const start = (port: string) => [next, 'start', '--hostname', '127.0.0.1', '--port', port];

describeNeeding(chromium)('Next.js', () => {
  let app: FrameworkApp;
  beforeAll(() => {
    app = createFrameworkApp('next', 'public/models');
  }, 300_000);

  test('builds with webpack; the page restores a picture, and the route draws the same face as Node', async () => {
    await app.build(({ mark }) => mark === 'run');
    runIn(app.folder, process.execPath, next, 'build', '--webpack');
    await withServer(app.folder, start, async (origin) => {
      expect(await openPage(origin)).toEqual(restored);
      const { device, pixels, expected } = await facesOf(origin);
      expect(device).toBe('cpu');
      expect(pixels).toEqual(expected);
    });
  }, 600_000);

  // A bundler that sees the import of a package that is missing fails.
  test('builds with Turbopack and without onnxruntime-node; both compute in WebAssembly', async () => {
    for (const path of ['.next', 'node_modules/onnxruntime-node'])
      rmSync(join(app.folder, path), { recursive: true, force: true });
    await app.build();
    await withServer(app.folder, start, async (origin) => {
      expect(await openPage(origin)).toEqual(restored);
      const { device, pixels, expected } = await facesOf(origin);
      expect(device).toBe('wasm');
      expect(pixels).toEqual(expected);
    });
  }, 600_000);
});
