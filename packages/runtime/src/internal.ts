/**
 * Only for the packages of this project: anything here may change in any release.
 * @packageDocumentation
 */

import { platform } from '#platform';
import type { Sha256 } from './folder/model-cache.js';

export { checkExportFacts } from './folder/export-facts.js';
export { relativeTo } from './folder/read-graphs.js';
export { checkGraph } from './graphs/check-graph.js';
export { type GraphKind, graphKinds } from './graphs/signature.js';
export { mean } from './mean.js';
export { messageOf } from './message-of.js';
export { type Bound, boundOf, bounds } from './model/bounds.js';
export { oneHot } from './model/labels.js';
export { inGigabytes } from './model/memory-budget.js';
export { devices } from './sessions/device.js';
export { checkGoldenSize, roundingErrorOf } from './sessions/golden.js';
export { createQueue, type Queue } from './sessions/queue.js';
export { version } from './version.js';

/** The sha256 of bytes, in hex. */
export const sha256: Sha256 = (bytes) => platform.sha256(bytes);
