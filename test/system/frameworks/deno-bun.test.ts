import { createFrameworkApp, type FrameworkApp, runIn } from '../../support/framework-app.js';
import { npm } from '../../support/installed-app.js';

/** docs/frameworks/deno-bun.md. */
describe('Deno and Bun', () => {
  let app: FrameworkApp;
  beforeAll(() => {
    app = createFrameworkApp('deno-bun', 'models');
  }, 300_000);

  test('Deno restores a picture with the permissions of the page', () => app.build(), 200_000);

  test('Bun restores a picture', () => {
    npm(app.folder, 'rebuild', 'bun', '--ignore-scripts=false');
    expect(runIn(app.folder, 'npx', 'bun', 'face.mjs')).toBe(
      'cpu: 3072 of 3072 values came back\nwasm: 3072 of 3072 values came back\n',
    );
  }, 200_000);

  test('Bun is told that it has no workers', () => {
    const program =
      "const { loadGlow } = await import('@glow-onnx/runtime');" +
      "await loadGlow('models/faces', { worker: true }).catch(({ message }) => console.log(message));";
    expect(runIn(app.folder, 'npx', 'bun', '--eval', program)).toMatch(/leave out worker/);
  }, 200_000);
});
