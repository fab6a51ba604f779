/** The one file for a page without a bundler: all that a page can import of this package. */
export { cacheLocation, clearCache } from '../cache.js';
export * from '../index.js';
