import { copyFile, cp, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cutExamples } from '../browser/build/cut-examples.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const models = here('../../models/');

/** Fills `public/models`: the model folders that the page offers, and a sheet of labelled pictures beside each. */
async function fillPublic() {
  for (const name of ['fashion-mnist', 'pixel-faces']) {
    const to = here(`public/models/${name}/`);
    await mkdir(to, { recursive: true });
    for (const part of ['manifest.json', 'config.json', 'golden.safetensors', 'onnx']) {
      await cp(`${models}${name}/${part}`, to + part, { recursive: true });
    }
  }
  const clothes = here('public/models/fashion-mnist/pictures');
  for (const kind of ['png', 'json']) await copyFile(here(`clothes.${kind}`), `${clothes}.${kind}`);
  await cutExamples({
    from: `${models}pixel-faces/faces.json`,
    to: here('public/models/pixel-faces/'),
    count: 475,
  });
}

/** WebAssembly needs a cross-origin isolated page to run on several threads. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default async () => {
  await fillPublic();
  return {
    root: here('.'),
    base: './', // works from any path
    build: { target: 'es2022' },
    worker: { format: 'es' },
    css: { postcss: {} }, // else Vite looks for a configuration up to the home folder
    server: { headers },
    preview: { headers },
  };
};
