export * from './index.js';
export { writePng } from './node/images.js';
export { readImages } from './node/read-images.js';
