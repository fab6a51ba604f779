/** A sha256 as manifests and caches write it: 64 hex digits in lower case. Nothing else names a file of a cache. */
export const sha256Pattern: RegExp = /^[0-9a-f]{64}$/;
