/**
 * Only for the packages of this project: anything here may change in any release.
 * @packageDocumentation
 */

export { glowExport } from './glow-export.js';
