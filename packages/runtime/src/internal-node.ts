/**
 * Only for the packages of this project, in Node: anything here may change in any release.
 * @packageDocumentation
 */

export { given, onTerminal, runProgram, type Terminal } from './cli/run-program.js';
export { nodeCodec } from './node/images.js';
export { readWholeFile } from './node/read-file.js';
export { writeFileAtomic } from './node/write-file.js';
export { cover } from './pictures/fit.js';
export { withChannels } from './pictures/images.js';
export { defaultImageLimits } from './pictures/limits.js';
