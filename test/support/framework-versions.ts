/**
 * What the pages of docs/frameworks install, as `npm install` takes it. docs/support.md names these versions. All of them
 * run on Node 20.
 */
export const frameworkVersions: Readonly<Record<string, string>> = {
  '@rollup/plugin-commonjs': '29.0.3',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@sveltejs/adapter-node': '5.5.7',
  '@sveltejs/kit': '2.70.4',
  '@sveltejs/vite-plugin-svelte': '7.3.1',
  '@vitejs/plugin-react': '6.3.0',
  '@vitejs/plugin-vue': '6.0.11',
  bun: '1.4.5',
  deno: '2.9.6',
  jest: '30.5.2',
  next: '16.4.6',
  'onnxruntime-node': '1.30.0',
  react: '19.3.1',
  'react-dom': '19.3.1',
  rolldown: '1.3.3',
  rollup: '4.68.8',
  svelte: '5.57.3',
  typescript: '7.0.2',
  vite: '8.3.8',
  vitest: '4.1.12',
  vue: '3.5.45',
};
