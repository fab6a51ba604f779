import { runInThisContext } from 'node:vm';

/** The process of Node itself. Test runners give tests an object of their own, whose modules go through their registry. */
const host: NodeJS.Process = runInThisContext('process');

const self = '@glow-onnx/runtime/package.json';
/** Where this package is found from: this file; for a bundle that is elsewhere, the folder that the program was started in. */
const places = [() => import.meta.url, () => `${process.cwd()}/`];

/**
 * Node's own `require`, as a file of this package has it. Bundlers do not see it: they neither fail if an optional package
 * is missing, nor try to bundle its binaries. Test runners do not replace it by their own, with which native code fails.
 * @throws Error with code `MODULE_NOT_FOUND` if this code was bundled, and the package is not installed where it runs.
 */
function ownRequire(): NodeJS.Require {
  const { createRequire } = host.getBuiltinModule('node:module');
  for (const place of places) {
    try {
      return createRequire(createRequire(place()).resolve(self));
    } catch {} // it is not found from there
  }
  throw Object.assign(new Error(`Cannot find module '${self}'`), { code: 'MODULE_NOT_FOUND' });
}

/**
 * Loads a package that may be missing.
 * @param from the file of another package, if it is that one's optional package.
 * @throws Error with code `MODULE_NOT_FOUND` if it is not installed; else the error of its own code.
 * @example const ort = hostRequire<typeof import('onnxruntime-node')>('onnxruntime-node');
 */
export function hostRequire<T>(name: string, from?: string): T {
  const { createRequire } = host.getBuiltinModule('node:module');
  return (from === undefined ? ownRequire() : createRequire(from))(name) as T;
}

/** The path of this package's package.json. @throws Error as `hostRequire`. */
export function ownPackagePath(): string {
  return ownRequire().resolve(self);
}
