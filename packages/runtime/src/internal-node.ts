/**
 * Only for the packages of this project, in Node: anything here may change in any release.
 * @packageDocumentation
 */

export { exitCodeOf, runCommand } from './cli/run-command.js';
export { given, onTerminal, runProgram, type Terminal } from './cli/run-program.js';
export { explained, explainSystemError, systemReason } from './node/explain-system-error.js';
export { isRunning, type Owner, parseOwner, thisProcess } from './node/process-owner.js';
export { readWholeFile } from './node/read-file.js';
export { onExit, remainsIn, sweepTemporary, temporaryName } from './node/temporary.js';
export { writeFileAtomic } from './node/write-file.js';
