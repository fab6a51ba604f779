/**
 * Only for the packages of this project: anything here may change in any release.
 * @packageDocumentation
 */

export { glowCompare } from './cli/glow-compare.js';
export { glowEvaluate } from './cli/glow-evaluate.js';
export { glowTrain } from './cli/glow-train.js';
