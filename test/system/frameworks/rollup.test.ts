import { join, resolve } from 'node:path';
import { createFrameworkApp, type FrameworkApp } from '../../support/framework-app.js';
import { openPage, restored } from '../../support/framework-server.js';
import { chromium } from '../../support/machine.js';
import { describeNeeding } from '../../support/needing.js';
import { runSnippet } from '../../support/run-snippet.js';
import { startServer } from '../../support/server.js';
import { readSnippets } from '../../support/snippets.js';

/** docs/frameworks/rollup.md, with the page and the program of docs/bundlers.md. */
const bundlers = resolve(__dirname, '../../../docs/bundlers.md');

describeNeeding(chromium)('the page of docs/bundlers.md', () => {
  let app: FrameworkApp;
  beforeAll(async () => {
    app = createFrameworkApp('rollup', 'models');
    const shared = readSnippets(bundlers).filter(({ mark }) => /^file=(index\.html|main\.js)$/.test(mark));
    for (const snippet of shared) await runSnippet(snippet, app.folder);
    await app.build();
  }, 300_000);

  test.each(['rollup', 'rolldown'])(
    'built by %s restores a picture',
    async (name) => {
      const mounts = { '/': join(app.folder, `dist-${name}/`), '/models/': join(app.folder, 'models/') };
      const server = await startServer({ mounts });
      try {
        expect(await openPage(`${server.origin}/index.html`)).toEqual(restored);
      } finally {
        await server.close();
      }
    },
    120_000,
  );
});
