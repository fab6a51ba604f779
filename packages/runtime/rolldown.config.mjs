import { defineConfig } from 'rolldown';

/** What tsc cannot make of dist: CommonJS in which `#platform` is resolved, and files for a page without a bundler. */
export default defineConfig([
  {
    cwd: import.meta.dirname,
    platform: 'node',
    input: {
      index: 'dist/index.js',
      node: 'dist/node.js',
      session: 'dist/session.js',
      cache: 'dist/cache.js',
    },
    external: /^[^.#/]/,
    output: { dir: 'cjs', format: 'cjs', chunkFileNames: 'chunks/[name].js' },
  },
  ...['glow.min', 'worker'].map((name) => ({
    cwd: import.meta.dirname,
    platform: 'browser',
    input: name === 'worker' ? 'dist/browser/worker.js' : 'dist/browser/script.js',
    output: { file: `dist/script/${name}.js`, format: 'esm', minify: true, codeSplitting: false },
  })),
]);
