import { runInThisContext } from 'node:vm';

/** The process of Node itself. Test runners give tests an object of their own, whose modules go through their registry. */
const host: NodeJS.Process = runInThisContext('process');

/** A bundle may be anywhere, so packages are also looked for from the folder that the program was started in. */
const places = [() => import.meta.url, () => `${process.cwd()}/`];

/**
 * Node's own `require`, of a place from which this package is found. Bundlers do not see such a `require`: they neither
 * fail if an optional package is missing, nor try to bundle its binaries. Neither do test runners with a module registry
 * of their own, in which native code does not work.
 * @throws Error with code `MODULE_NOT_FOUND` if the package is not installed.
 */
function requireFor(name: string): NodeJS.Require {
  const { createRequire } = host.getBuiltinModule('node:module');
  for (const place of places) {
    try {
      const require = createRequire(place());
      require.resolve(name);
      return require;
    } catch {} // the next place may have it
  }
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
}

/**
 * Loads a package that may be missing.
 * @throws Error with code `MODULE_NOT_FOUND` if it is not installed; else the error of its own code.
 * @example const ort = hostRequire<typeof import('onnxruntime-node')>('onnxruntime-node');
 */
export function hostRequire<T>(name: string): T {
  return requireFor(name)(name) as T;
}

/** The path of the file that a package is loaded from. @throws Error if the package is not installed. */
export function hostResolve(name: string): string {
  return requireFor(name).resolve(name);
}
