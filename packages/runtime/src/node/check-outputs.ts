import { existsSync, realpathSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isInside } from './inside.js';

/**
 * Checks the output files of a command before any work is done.
 * @param inputs files and folders that the command reads.
 * @param force whether existing files may be replaced, unless they are inputs.
 * @throws Error if an output exists and may not be replaced.
 */
export function checkOutputs(
  outputs: readonly string[],
  inputs: readonly string[],
  force: boolean,
  flag = '--out',
): void {
  keepInputs(outputs, inputs, flag);
  const existing = force ? undefined : outputs.find((path) => existsSync(path));
  if (existing) throw new Error(`${existing} exists; pass --force to replace it, or another ${flag}`);
}

/**
 * Refuses to replace what a command reads, also through links, and also with --force: it may be the only copy.
 * @param outputs files, and folders that are replaced as a whole.
 * @param inputs files and folders. Addresses and paths that do not exist are left out.
 * @throws Error naming an output that is an input, a folder that holds one, or a file in a folder that is one.
 */
export function keepInputs(outputs: readonly string[], inputs: readonly string[], flag = '--out'): void {
  const replaced = outputs.flatMap(placesOf);
  if (replaced.length === 0) return;
  const read = inputs.flatMap(placesOf);
  const places = new Set(read.map(({ place }) => place));
  const folders = read.filter(({ isFolder }) => isFolder);
  const refuse = (path: string, what: string) => {
    throw new Error(`${path} ${what}: it would be lost, also with --force; pass another ${flag}`);
  };
  for (const { path, place, isFolder } of replaced) {
    if (places.has(place)) refuse(path, 'is read by this command');
    const folder = isFolder ? undefined : folders.find((each) => isInside(place, each.place));
    if (folder) refuse(path, `is in ${folder.path}, which is read by this command`);
    const held = isFolder ? read.find((each) => isInside(each.place, place)) : undefined;
    if (held) refuse(path, `holds ${held.path}, which is read by this command`);
  }
}

/** Where a path or a file URL leads. Empty if it leads nowhere. */
function placesOf(path: string): { path: string; place: string; isFolder: boolean }[] {
  try {
    const place = realpathSync.native(/^file:/i.test(path) ? fileURLToPath(path) : path);
    return [{ path, place, isFolder: statSync(place).isDirectory() }];
  } catch {
    return [];
  }
}
