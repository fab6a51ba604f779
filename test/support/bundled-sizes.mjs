// Prints the bytes, gzipped, that a page and its worker get at once of the installed runtime, without ONNX Runtime, by
// bundler. The code for image files and for scores comes when it is first needed.
// In a process of its own, since Jest cannot load Vite.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import webpack from 'webpack';

const [app] = process.argv.slice(2);
const root = resolve(import.meta.dirname, '../..');
// The last is for pages without crypto.subtle: http, and not localhost.
const external = [/^onnxruntime-/, /^@noble\/hashes/];

mkdirSync(app, { recursive: true });
symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'));
writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
writeFileSync(join(app, 'index.html'), '<script type="module" src="./main.js"></script>');
writeFileSync(
  join(app, 'main.js'),
  "import { loadGlow } from '@glow-onnx/runtime';\nconsole.log(loadGlow);\n",
);

/**
 * Of the files that a page or worker begins with, and of what those import at once.
 * @param placeOf `page` or `worker` for a file that one begins with.
 */
function sizesIn(folder, placeOf) {
  const files = readdirSync(join(app, folder), { recursive: true, withFileTypes: true });
  const codes = new Map(
    files
      .filter(({ name }) => /\.m?js$/.test(name))
      .map(({ name, parentPath }) => [name, readFileSync(join(parentPath, name), 'utf8')]),
  );
  const sizes = {};
  for (const place of ['page', 'worker']) {
    const atOnce = new Set([...codes.keys()].filter((name) => placeOf(name, codes.get(name)) === place));
    for (const name of atOnce) {
      for (const [, found] of codes.get(name).matchAll(/from\s*["'`]\.\/([^"'`]+)["'`]/g)) {
        if (codes.has(found)) atOnce.add(found);
      }
    }
    sizes[place] = [...atOnce].reduce((sum, name) => sum + gzipSync(codes.get(name)).length, 0);
  }
  return sizes;
}

await build({
  root: app,
  configFile: false,
  logLevel: 'error',
  build: { modulePreload: false, rollupOptions: { external } },
  worker: { format: 'es', rollupOptions: { external } },
});
const compiler = webpack({
  mode: 'production',
  context: app,
  entry: './main.js',
  experiments: { outputModule: true },
  output: { path: join(app, 'dist-webpack'), filename: 'main.js', module: true },
  externalsType: 'module',
  externals: external,
});
await new Promise((done, fail) =>
  compiler.run((error, stats) => (error || stats.hasErrors() ? fail(error ?? stats.toString()) : done())),
);
console.log(
  JSON.stringify({
    vite: sizesIn('dist', (name) => {
      const [, place] = /^(index|worker)-/.exec(name) ?? [];
      return place === 'index' ? 'page' : place;
    }),
    webpack: sizesIn('dist-webpack', (name, code) => {
      if (name === 'main.js') return 'page';
      return code.includes('__webpack_esm_ids__=') ? undefined : 'worker';
    }),
  }),
);
