import { createFrameworkApp, type FrameworkApp } from '../../support/framework-app.js';
import { runSnippet } from '../../support/run-snippet.js';

/** docs/frameworks/testing.md. The commands fail if one of the page's tests does. */
describe('Jest and Vitest', () => {
  let app: FrameworkApp;
  beforeAll(async () => {
    app = createFrameworkApp('testing', 'models');
    await app.build(({ mark }) => mark === 'run');
  }, 300_000);

  test.each(['npx jest', 'npx vitest'])(
    'a model restores a picture without configuration: %s',
    async (command) => {
      const [run] = app.snippets.filter(({ mark, text }) => mark === 'run' && text.startsWith(command));
      if (!run) throw new Error(`docs/frameworks/testing.md does not run ${command}`);
      await runSnippet(run, app.folder);
    },
    200_000,
  );
});
