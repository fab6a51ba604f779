import { openCache } from '#platform';

/**
 * The place of the default cache, in which `loadGlow` keeps downloaded models: a folder in Node, the name of a cache in
 * a browser.
 * @example console.log(cacheLocation()); // /home/ada/.cache/glow-onnx
 */
export const cacheLocation = (): string => openCache().location;

/**
 * Removes the downloaded models from the default cache, or from the cache at `location`. Other files there stay.
 * @param location a folder in Node, the name of a cache in a browser.
 * @throws Error if a file cannot be removed, or, in a browser, if the page needs https or localhost.
 * @example await clearCache();
 */
export const clearCache = (location?: string): Promise<void> => openCache(location).clear();
