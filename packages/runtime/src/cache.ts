import { openCache } from '#platform';

/**
 * Where `loadGlow` keeps downloaded models by default: a folder in Node, the name of a cache in a browser.
 * @example console.log(cacheLocation());
 */
export const cacheLocation = (): string => openCache().location;

/**
 * Empties the default cache of downloaded models, or the cache at `location`. Other files in that place stay.
 * @example await clearCache();
 */
export const clearCache = (location?: string): Promise<void> => openCache(location).clear();
