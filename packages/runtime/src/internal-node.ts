/**
 * Only for the packages of this project, in Node: anything here may change in any release.
 * @packageDocumentation
 */

export { type Advice, AdvisedError } from './advised-error.js';
export { expandFolders } from './cli/expand-folders.js';
export { glow } from './cli/glow.js';
export { gigabytes } from './cli/options.js';
export { printableJson, printableLines } from './cli/printable-output.js';
export { fileSize, type Report, table } from './cli/report.js';
export { exitCodeOf, runCommand } from './cli/run-command.js';
export { forCommands, given, onTerminal, runProgram, type Terminal } from './cli/run-program.js';
export { cardPath, maxPictureBytes, picturesOf, readCard } from './folder/card.js';
export { readManifest, readVerified } from './folder/model-folder.js';
export { shownSource, takeCredentials } from './folder/stores/address.js';
export { checkToken, defaultEndpoint, rootOf } from './folder/stores/hub-folder.js';
export { hubAdvice, hubNameOf, parseHubName } from './folder/stores/hub-name.js';
export { checkOutputs, keepInputs } from './node/check-outputs.js';
export { compareNames } from './node/compare-names.js';
export { copyFolder } from './node/copy-folder.js';
export { explained, explainSystemError, systemReason } from './node/explain-system-error.js';
export { hostRequire } from './node/host-require.js';
export { hubSettings } from './node/hub-settings.js';
export { type ImageFolder, listImages } from './node/image-folder.js';
export { nodeCodec } from './node/images.js';
export { folderAround } from './node/inside.js';
export { describeLeftOut, describeNoImages, type LeftOut } from './node/left-out.js';
export { type OpenFolder, openFolder } from './node/open-folder.js';
export { openStore } from './node/open-store.js';
export { isRunning, type Owner, parseOwner, thisProcess } from './node/process-owner.js';
export { readWholeFile } from './node/read-file.js';
export { resources } from './node/resources.js';
export { sha256 } from './node/sha256.js';
export { finalName, onExit, remainsIn, sweepTemporary, temporaryName } from './node/temporary.js';
export { isTensorFile, openTensor, type TensorFile } from './node/tensor-file.js';
export { writeFileAtomic } from './node/write-file.js';
export { type WriteFile, type WrittenFile, writeFolder } from './node/write-folder.js';
export { cover } from './pictures/fit.js';
export { readHeader } from './pictures/header.js';
export { withChannels } from './pictures/images.js';
export { defaultImageLimits } from './pictures/limits.js';
