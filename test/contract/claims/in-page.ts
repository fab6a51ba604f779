import { checkClaims } from './claims.js';

/** Within reach of `run` of test/browser. */
Object.assign(globalThis, { checkClaims });
