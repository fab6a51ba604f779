import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** An entry of package-lock.json, as far as tests read it. */
export interface LockEntry {
  readonly version?: string | undefined;
  readonly integrity?: string | undefined;
  readonly license?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Path of a package's folder → its entry. */
export type Lock = Readonly<Record<string, LockEntry>>;

/** The entries of the repository's package-lock.json. */
export function readLock(): Lock {
  const text = readFileSync(resolve(__dirname, '../../package-lock.json'), 'utf8');
  return (JSON.parse(text) as { packages: Lock }).packages;
}

/** @returns the path of the package that `import name` finds from the package at `from`, as Node looks for it. */
export function findPackage(lock: Lock, from: string, name: string): string | undefined {
  const parts = from === '' ? [] : from.split('/');
  for (let length = parts.length; length >= 0; length--) {
    if (parts[length - 1] === 'node_modules') continue;
    const path = [...parts.slice(0, length), 'node_modules', name].join('/');
    if (lock[path]) return lock[path].link ? lock[path].resolved : path;
  }
  return undefined;
}

/** The last part of a path: `@swc/core` of `node_modules/@swc/core`. */
export const nameOf = (path: string) => path.split('node_modules/').at(-1) as string;

/** Whether a package comes from the registry: not the repository itself, a workspace, or a link to one. */
const isFromRegistry = (path: string, { link }: LockEntry) => path.includes('node_modules/') && !link;

/** The system and processor in a name such as `@esbuild/linux-x64` or `@swc/core-win32-arm64-msvc`. */
export function systemOf(name: string): string | undefined {
  return /(?:linux|darwin|win32)-(?:x64|arm64)\b/.exec(name)?.[0];
}

/**
 * The reasons for which `npm ci` may refuse a lock file, or install something else than was tested:
 *
 * - a package without version or hash;
 * - a dependency, also an optional one, without an entry, or whose entry has another version than the one asked for;
 * - a package whose name says linux-x64 or the like, and whose entry does not say so.
 */
export function faultsOf(lock: Lock): string[] {
  return Object.entries(lock).flatMap(([path, entry]) => [
    ...(isFromRegistry(path, entry) ? faultsOfPackage(path, entry) : []),
    ...Object.entries({ ...entry.dependencies, ...entry.optionalDependencies }).flatMap(([name, range]) => {
      const found = findPackage(lock, path, name);
      if (found === undefined) return [`${path}: no entry for ${name}@${range}`];
      const version = lock[found]?.version;
      const other = /^\d+\.\d+\.\d+$/.test(range) && version !== undefined && version !== range;
      return other ? [`${path}: wants ${name}@${range}, the lock has ${version}`] : [];
    }),
  ]);
}

function faultsOfPackage(path: string, { version, integrity, os, cpu }: LockEntry): string[] {
  const [system, processor] = systemOf(nameOf(path))?.split('-') ?? [];
  return [
    version ? '' : `${path}: no version`,
    integrity?.startsWith('sha512-') ? '' : `${path}: no sha512 hash`,
    system === undefined || os?.includes(system) ? '' : `${path}: no os ${system}`,
    processor === undefined || cpu?.includes(processor) ? '' : `${path}: no cpu ${processor}`,
  ].filter(Boolean);
}

/** Package that has a build for each system, as an optional dependency → linux-x64 and so on, those it names. */
export function familiesOf(lock: Lock): Map<string, Set<string>> {
  const families = Object.entries(lock).map(([path, { optionalDependencies = {} }]) => {
    const systems = Object.keys(optionalDependencies).flatMap((name) => systemOf(name) ?? []);
    return [path, new Set(systems)] as const;
  });
  return new Map(families.filter(([, systems]) => systems.size > 1));
}
