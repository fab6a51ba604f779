import { findPackage, type Lock } from './lock-file.js';

/**
 * The packages that an app can get with one of this repository's packages: its dependencies and peers, the optional
 * ones too, and theirs.
 */
export interface Closure {
  /** Paths in the lock file, without the repository's own packages. */
  readonly paths: ReadonlySet<string>;
  /** Optional ones that the lock file has no entry for, as `who wants: name`. */
  readonly unknown: readonly string[];
}

export function closureOf(lock: Lock, workspace: string): Closure {
  const seen = new Set<string>();
  const unknown: string[] = [];
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const { dependencies, optionalDependencies, peerDependencies } = lock[path] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const found = findPackage(lock, path, name);
      if (found === undefined) unknown.push(`${path}: ${name}`);
      else visit(found);
    }
  };
  visit(workspace);
  return { paths: new Set([...seen].filter((path) => path.includes('node_modules/'))), unknown };
}

/**
 * The licences that an SPDX expression binds to: all parts of `A AND B`, the allowed ones of `A OR B`.
 * @throws Error if none of `A OR B` is allowed, or the expression has both.
 */
export function licencesOf(expression: string, isAllowed: (licence: string) => boolean): string[] {
  const text = expression.replaceAll(/[()]/g, '');
  if (!text.includes(' OR ')) return text.split(' AND ');
  const choice = text.includes(' AND ') ? undefined : text.split(' OR ').find(isAllowed);
  if (choice === undefined) throw new Error(`no licence of "${expression}" is known to be allowed`);
  return [choice];
}
