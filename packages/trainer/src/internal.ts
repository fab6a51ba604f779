/**
 * Only for the packages of this project: anything here may change in any release.
 * @packageDocumentation
 */

export { glowTrain } from './cli/glow-train.js';
