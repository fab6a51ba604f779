import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The model folder is served as it is, beside the page. Put the path of your own here. */
export default {
  root: here('.'),
  base: './',
  publicDir: here('../../models/faces'),
  worker: { format: 'es' },
};
