/**
 * Only for the packages of this project, in Node: anything here may change in any release.
 * @packageDocumentation
 */

export { printableJson, printableLines } from './cli/printable-output.js';
export { given, onTerminal, runProgram, type Terminal } from './cli/run-program.js';
export { readWholeFile } from './node/read-file.js';
export { writeFileAtomic } from './node/write-file.js';
