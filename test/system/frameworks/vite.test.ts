import { join } from 'node:path';
import { createFrameworkApp } from '../../support/framework-app.js';
import { facesOf, openPage, restored, withServer } from '../../support/framework-server.js';
import { chromium } from '../../support/machine.js';
import { describeNeeding } from '../../support/needing.js';
import { startServer } from '../../support/server.js';

/** Frameworks that build with Vite: docs/frameworks/react.md, vue.md, svelte.md. */
describeNeeding(chromium)('with Vite', () => {
  test.each(['react', 'vue'])(
    '%s: the built page restores a picture',
    async (page) => {
      const app = createFrameworkApp(page, 'public/models');
      await app.build();
      const server = await startServer({ mounts: { '/': join(app.folder, 'dist/') } });
      try {
        expect(await openPage(`${server.origin}/index.html`)).toEqual(restored);
      } finally {
        await server.close();
      }
    },
    300_000,
  );

  test('react: where StrictMode mounts twice, the page restores a picture and one worker is left', async () => {
    const app = createFrameworkApp('react', 'public/models');
    await app.build(({ mark }) => mark === 'run');
    const serve = (port: string) => ['node_modules/vite/bin/vite.js', '--host', '127.0.0.1', '--port', port];
    expect(await withServer(app.folder, serve, openPage)).toEqual(restored);
  }, 300_000);

  test('SvelteKit: the page restores a picture, and the route draws the same face as Node', async () => {
    const app = createFrameworkApp('svelte', 'static/models');
    await app.build();
    await withServer(
      app.folder,
      () => ['build/index.js'],
      async (origin) => {
        expect(await openPage(origin)).toEqual(restored);
        const { device, pixels, expected } = await facesOf(origin);
        expect(device).toBe('cpu');
        expect(pixels).toEqual(expected);
      },
    );
  }, 300_000);
});
