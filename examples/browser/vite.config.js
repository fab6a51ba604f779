import { cp, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { cutExamples } from './build/cut-examples.js';
import { offline } from './build/offline.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const model = here('../../models/faces/');

/**
 * Fills `public/`, which is served unchanged: the model folder with what the page shows of it, and pictures that the
 * model has not been trained on.
 */
async function fillPublic() {
  for (const part of [
    'manifest.json',
    'config.json',
    'page.json',
    'golden.safetensors',
    'onnx',
    'directions',
  ]) {
    await cp(model + part, here(`public/model/${part}`), { recursive: true }).catch((error) => {
      if (!['page.json', 'directions'].includes(part) || error.code !== 'ENOENT') throw error;
    });
  }
  await cutExamples({ from: `${model}faces.json`, to: here('public/model/'), count: 475 });
}

/** The files of `public/` that the service worker keeps: not those that the runtime keeps. */
async function publicFiles() {
  const names = await readdir(here('public/'), { recursive: true });
  const own = names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /^([^/]+|model\/([^/]+|directions\/[^/]+))\.\w+$/.test(name))
    .filter((name) => !/^model\/(manifest\.json|golden\.safetensors)$/.test(name));
  return own.map((name) => ({ name, path: here(`public/${name}`) }));
}

/** WebAssembly needs a cross-origin isolated page to run on several threads. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig(async () => {
  await fillPublic();
  return {
    root: here('.'),
    base: './', // works from any path
    build: { target: 'es2022', assetsInlineLimit: 0 },
    worker: { format: 'es' },
    css: { postcss: {} }, // else Vite looks for a configuration up to the home folder, which not every user has
    server: { headers },
    preview: { headers },
    plugins: [offline({ source: here('build/service-worker.js'), publicFiles: await publicFiles() })],
  };
});
