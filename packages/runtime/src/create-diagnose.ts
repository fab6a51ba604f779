import type { Diagnose } from './diagnose.js';
import type { Platform } from './platform.js';

/** `diagnose` of a platform. Its code loads when it is called: a page that works does not need it. */
export function createDiagnose(platform: Platform): Diagnose {
  return async (options) => (await import('./diagnose.js')).diagnoseOn(platform, options);
}
