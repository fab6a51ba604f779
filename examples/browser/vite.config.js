import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { cutFaces } from './build/cut-faces.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const model = here('../../models/faces/');

/** `public/` goes out as it is: the model folder, and some faces that the model has not been trained on. */
async function fillPublic() {
  for (const part of ['manifest.json', 'golden.safetensors', 'onnx', 'directions']) {
    await cp(model + part, here(`public/model/${part}`), { recursive: true }).catch((error) => {
      if (part !== 'directions' || error.code !== 'ENOENT') throw error;
    });
  }
  await cutFaces({ from: `${model}faces.json`, to: here('public/'), count: 480 });
}

export default defineConfig(async () => {
  await fillPublic();
  return {
    root: here('.'),
    base: './', // works from any path
    build: { target: 'es2022', assetsInlineLimit: 0 },
    worker: { format: 'es' },
  };
});
