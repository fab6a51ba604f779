/**
 * Only for the packages of this project: anything here may change in any release.
 * @packageDocumentation
 */

export { glowServe } from './cli/glow-serve.js';
