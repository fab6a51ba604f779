// Prints the bytes, gzipped, that a page and its worker get of the installed runtime, without ONNX Runtime, by bundler.
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
writeFileSync(join(app, 'main.js'), "import * as glow from '@glow-onnx/runtime';\nconsole.log(glow);\n");

function sizesIn(folder, isPage) {
  const sizes = { page: 0, worker: 0 };
  for (const entry of readdirSync(join(app, folder), { recursive: true, withFileTypes: true })) {
    if (!/\.m?js$/.test(entry.name)) continue;
    const bytes = gzipSync(readFileSync(join(entry.parentPath, entry.name))).length;
    sizes[isPage(entry.name) ? 'page' : 'worker'] += bytes;
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
    vite: sizesIn('dist', (name) => name.startsWith('index-')),
    webpack: sizesIn('dist-webpack', (name) => name === 'main.js'),
  }),
);
