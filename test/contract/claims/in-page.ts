import { checkClaims } from './claims.js';

/** Within reach of `run` of test/support/use-browser.ts. */
Object.assign(globalThis, { checkClaims });
