/**
 * Only for the packages of this project, in Node: anything here may change in any release.
 * @packageDocumentation
 */

export { gigabytes } from './cli/options.js';
export { expandFolders } from './cli/expand-folders.js';
export { given, onTerminal, runProgram, type Terminal } from './cli/run-program.js';
export { compareNames } from './node/compare-names.js';
export { type ImageFolder, listImages } from './node/image-folder.js';
export { folderAround } from './node/inside.js';
export { describeLeftOut, describeNoImages, type LeftOut } from './node/left-out.js';
export { readWholeFile } from './node/read-file.js';
export { resources } from './node/resources.js';
export { writeFileAtomic } from './node/write-file.js';
