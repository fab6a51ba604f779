export * from './index.js';
export { writePng } from './node/images.js';
export { readWholeFile } from './node/read-file.js';
export { readImages } from './node/read-images.js';
export { writeFileAtomic } from './node/write-file.js';
