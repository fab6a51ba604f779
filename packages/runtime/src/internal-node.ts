/**
 * Only for the packages of this project, in Node: anything here may change in any release.
 * @packageDocumentation
 */

export { gigabytes } from './cli/options.js';
export { given, onTerminal, runProgram, type Terminal } from './cli/run-program.js';
export { readWholeFile } from './node/read-file.js';
export { resources } from './node/resources.js';
export { writeFileAtomic } from './node/write-file.js';
