import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFrameworkApp, type FrameworkApp, runIn } from '../../support/framework-app.js';
import { openPage } from '../../support/framework-server.js';
import { chromium } from '../../support/machine.js';
import { describeNeeding } from '../../support/needing.js';
import { type Server, startServer } from '../../support/server.js';

/** docs/bundlers.md, "Scripts from another origin": one server has the page and the model, another one has the scripts. */
const programFor = (options: string) => `
import { loadGlow } from '@glow-onnx/runtime';
const status = document.querySelector('#status');
try {
  const glow = await loadGlow('/models/faces/', ${options});
  const [face] = await glow.sample({ seed: 1 });
  const [same] = await glow.reconstruct(face);
  const restored = same.data.filter((value, i) => value === face.data[i]).length;
  status.textContent = glow.device + ': ' + restored + ' of ' + face.data.length + ' values came back';
} catch (error) {
  status.textContent = error.message + '; no values came back';
}
`;

describeNeeding(chromium)('a page whose scripts come from another origin', () => {
  let app: FrameworkApp;
  let scripts: Server;
  let pages: Server;
  beforeAll(async () => {
    app = createFrameworkApp('rollup', 'public/models');
    const dist = join(app.folder, 'node_modules/onnxruntime-web/dist');
    scripts = await startServer({
      mounts: {
        '/': join(app.folder, 'dist-rolldown/'),
        ...Object.fromEntries(
          readdirSync(dist).flatMap((name) =>
            name.endsWith('.wasm') ? [[`/ort/${name}`, join(dist, name)]] : [],
          ),
        ),
      },
      intercept(_request, response) {
        response.setHeader('Access-Control-Allow-Origin', '*');
        return false;
      },
    });
    const programs = {
      plain: '{}',
      paths: `{ wasmPaths: '${scripts.origin}/ort/' }`,
      worker: '{ worker: true }',
    };
    const [config] = app.snippets.filter(({ mark }) => mark === 'file=rolldown.config.mjs');
    writeFileSync(
      join(app.folder, 'rolldown.config.mjs'),
      config?.text
        .replace("main: 'main.js'", "plain: 'plain.js', paths: 'paths.js', worker: 'worker.js'")
        .replace(/, worker: 'node_modules.*?'/, '') ?? '',
    );
    mkdirSync(join(app.folder, 'public'), { recursive: true });
    for (const [name, options] of Object.entries(programs)) {
      writeFileSync(join(app.folder, `${name}.js`), programFor(options));
      writeFileSync(
        join(app.folder, `public/${name}.html`),
        `<!doctype html><title>glow</title><link rel="icon" href="data:,"><p id="status"></p>
<script type="module" src="${scripts.origin}/${name}.js"></script>`,
      );
    }
    runIn(app.folder, 'npx', 'rolldown', '--config');
    pages = await startServer({ mounts: { '/': join(app.folder, 'public/') } });
  }, 300_000);
  afterAll(async () => {
    await scripts?.close();
    await pages?.close();
  });

  const statusOf = async (name: string) => (await openPage(`${pages.origin}/${name}.html`)).status;

  test('restores a picture with wasmPaths, and needs only the .wasm file there', async () => {
    expect(await statusOf('paths')).toBe('wasm: 3072 of 3072 values came back');
    expect(scripts.requests.filter((path) => path.startsWith('/ort/'))).toEqual([
      '/ort/ort-wasm-simd-threaded.wasm',
    ]);
  }, 90_000);

  test('is told of wasmPaths without it', async () => {
    expect(await statusOf('plain')).toMatch(/if this script comes from another origin, pass wasmPaths/);
  }, 90_000);

  test('is told to leave out the worker, which browsers refuse', async () => {
    expect(await statusOf('worker')).toMatch(/^loadGlow: the browser refuses the worker: .*leave out worker/);
  }, 90_000);
});
