import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compareNames, sortPaths } from './compare-names.js';
import { isInside } from './inside.js';
import { isHidden, type LeftOut, whyNoImage } from './left-out.js';

/** The images in a folder and its subfolders. */
export interface ImageFolder {
  /** Their paths in the folder, with / between names, in the order of people: `img2.png` before `img10.png`. */
  readonly images: readonly string[];
  readonly leftOut: readonly LeftOut[];
  /** The folder itself, and the folders that its links lead to: absolute paths without links. */
  readonly roots: readonly string[];
}

/** An entry: its path in the folder, and its absolute path without links in the folders that lead to it. */
interface Place {
  readonly path: string;
  readonly real: string;
}

interface Walk {
  /** Real path → path in the folder. */
  readonly images: Map<string, string>;
  /** Real paths of the folders that were read. */
  readonly folders: Set<string>;
  readonly leftOut: LeftOut[];
  readonly roots: string[];
}

const readBefore = 'read under another path';
/** Links that are resolved at the same time. */
const atOnce = 256;

/**
 * Lists the PNG, JPEG and WebP files in a folder and its subfolders, by their names. Links to files and folders are
 * followed. An image that several paths lead to is listed once, under the path without links if there is one. So a
 * link never repeats an image, and links in a circle end. Hidden files and folders are left out.
 * @throws Error if the folder cannot be read. A subfolder that cannot be read is left out.
 */
export async function listImages(folder: string): Promise<ImageFolder> {
  const walk: Walk = { images: new Map(), folders: new Set(), leftOut: [], roots: [] };
  const root = await realpath(folder);
  let links = await walkTree(walk, { path: '', real: root });
  while (links.length > 0) links = await followAll(walk, links);
  return {
    images: sortPaths(walk.images.values()),
    leftOut: walk.leftOut.sort((a, b) => compareNames(a.file, b.file)),
    roots: walk.roots,
  };
}

/** Adds the images of a folder and its subfolders. @returns the links that it holds. */
async function walkTree(walk: Walk, start: Place): Promise<Place[]> {
  const links: Place[] = [];
  const pending = [start];
  for (let at = pending.pop(); at; at = pending.pop()) {
    if (walk.folders.has(at.real)) {
      leaveOut(walk, at, readBefore);
      continue;
    }
    walk.folders.add(at.real);
    if (at === start) walk.roots.push(at.real);
    for (const entry of await entriesOf(walk, at)) {
      const { name } = entry;
      const place = { path: at.path === '' ? name : `${at.path}/${name}`, real: join(at.real, name) };
      if (isHidden(name)) leaveOut(walk, place, 'hidden');
      else if (entry.isSymbolicLink()) links.push(place);
      else if (entry.isDirectory()) pending.push(place);
      else addFile(walk, place, entry.isFile());
    }
  }
  return links;
}

async function entriesOf(walk: Walk, folder: Place) {
  try {
    return await readdir(folder.real, { withFileTypes: true });
  } catch (error) {
    if (folder.path === '') throw error;
    leaveOut(walk, folder, unreadable(error));
    return [];
  }
}

function addFile(walk: Walk, place: Place, isFile: boolean): void {
  const reason = isFile ? whyNoImage(place.path) : 'not a file';
  if (reason !== undefined) leaveOut(walk, place, reason);
  else if (walk.images.has(place.real)) leaveOut(walk, place, readBefore);
  else walk.images.set(place.real, place.path);
}

/** Follows links in the order of their names. @returns the links in the folders that they lead to. */
async function followAll(walk: Walk, links: Place[]): Promise<Place[]> {
  links.sort((a, b) => compareNames(a.path, b.path));
  const next: Place[] = [];
  for (let start = 0; start < links.length; start += atOnce) {
    const chunk = links.slice(start, start + atOnce);
    for (const { link, target } of await Promise.all(chunk.map(resolveLink))) {
      for (const found of await follow(walk, link, target)) next.push(found); // too many for one call, perhaps
    }
  }
  return next;
}

/** Where a link leads, or why it leads nowhere. */
type Target = { readonly real: string; readonly kind: 'folder' | 'file' | 'other' } | string;

async function resolveLink(link: Place): Promise<{ link: Place; target: Target }> {
  try {
    const real = await realpath(link.real);
    const entry = await stat(real);
    const kind = entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other';
    return { link, target: { real, kind } };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const nowhere = code === 'ENOENT' ? 'linked to nothing' : code === 'ELOOP' && 'linked to itself';
    return { link, target: nowhere || unreadable(error) };
  }
}

/** Adds what a link leads to. @returns the links in it. */
async function follow(walk: Walk, link: Place, target: Target): Promise<Place[]> {
  if (typeof target === 'string') leaveOut(walk, link, target);
  else if (target.kind !== 'folder') addFile(walk, { ...link, real: target.real }, target.kind === 'file');
  else if (isInside(dirname(link.real), target.real)) {
    leaveOut(walk, link, 'linked to a folder that contains it');
  } else return walkTree(walk, { ...link, real: target.real });
  return [];
}

function leaveOut(walk: Walk, { path }: Place, reason: string): void {
  walk.leftOut.push({ file: path, reason });
}

function unreadable(error: unknown): string {
  return `unreadable (${(error as NodeJS.ErrnoException).code})`;
}
