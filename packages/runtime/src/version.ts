/** Of this package, as package.json says; written by scripts/version.mjs. */
export const version = '0.1.0';
