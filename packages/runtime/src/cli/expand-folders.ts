import { stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { listImages } from '../node/image-folder.js';
import { folderAround } from '../node/inside.js';
import { describeNoImages, type LeftOut } from '../node/left-out.js';
import { shownName } from '../pictures/shown-name.js';

/** The images that the arguments of a command name. */
export interface NamedImages {
  readonly images: readonly string[];
  /**
   * The name of each image in an output folder, without extension: its path in the deepest folder that contains all
   * arguments.
   */
  readonly names: readonly string[];
  /** Files in the folders that are not read. */
  readonly leftOut: readonly LeftOut[];
  /** The folders that are read: those of the arguments, and those that links lead to. */
  readonly roots: readonly string[];
}

/**
 * Replaces each folder by the images in it and in its subfolders, in the order of their paths. Other paths, and
 * addresses, stay.
 * @throws Error if a folder contains no images or cannot be read.
 */
export async function expandFolders(paths: readonly string[]): Promise<NamedImages> {
  const all = await Promise.all(paths.map(expand));
  const images = all.flatMap((argument) => argument.images);
  const folders = all.flatMap(({ folder }) => (folder === undefined ? [] : [partsOf(folder)]));
  const shared = commonParts(folders).length;
  const nameIn = (path: string) =>
    isAddress(path) ? nameAtAddress(path) : nameOf(partsOf(path).slice(shared));
  return {
    images,
    names: images.map(nameIn),
    leftOut: all.flatMap((argument) => argument.leftOut),
    roots: all.flatMap((argument) => argument.roots),
  };
}

/** @throws RangeError if `out` is in a folder whose images are read: the next run would read them as well. */
export async function refuseInside(out: string, { roots }: NamedImages, flag = '--out'): Promise<void> {
  const folder = await folderAround(out, roots);
  if (folder === undefined) return;
  throw new RangeError(
    `${flag}: ${out} is inside ${folder}, whose images are read; choose a place outside, or the next run reads them too`,
  );
}

async function expand(path: string): Promise<Omit<NamedImages, 'names'> & { folder?: string }> {
  if (isAddress(path)) return { images: [path], leftOut: [], roots: [] };
  const found = await stat(path).catch(() => undefined);
  // A missing file fails later, when it is read.
  if (!found?.isDirectory()) return { images: [path], leftOut: [], roots: [], folder: dirname(path) };
  const { images, leftOut, roots } = await listImages(path);
  if (images.length === 0) throw new Error(describeNoImages(path, leftOut));
  // A file of the working folder may have a name like an address.
  const under = (name: string) => {
    const joined = join(path, name);
    return isAddress(joined) ? `.${sep}${joined}` : joined;
  };
  return {
    images: images.map(under),
    leftOut: leftOut.map(({ file, reason }) => ({ file: under(file), reason })),
    roots,
    folder: path,
  };
}

/** Whether the text of an image is an address, in place of a path. */
export function isAddress(text: string): boolean {
  return /^\s*(file:|data:|https?:\/\/)/i.test(text);
}

/** An image in a report: a path as it is, an address without its secrets. */
export function shownImage(image: string): string {
  return isAddress(image) ? shownName(image) : image;
}

/** The last part of its path, without extension; `image` if it has none, as data have. */
function nameAtAddress(address: string): string {
  const { protocol, pathname } = URL.canParse(address) ? new URL(address) : { protocol: '', pathname: '' };
  const last = protocol === 'data:' ? '' : (pathname.split('/').at(-1) ?? '');
  return last.replace(/(?<=.)\.[^.]*$/, '').slice(0, 100) || 'image';
}

function partsOf(path: string): string[] {
  return resolve(path)
    .split(sep)
    .filter((part) => part !== '');
}

function commonParts([first = [], ...others]: readonly string[][]): string[] {
  const differs = first.findIndex((part, i) => others.some((parts) => parts[i] !== part));
  return differs < 0 ? first : first.slice(0, differs);
}

/** Without extension, and without the colon of a drive, where images of several drives have no folder in common. */
function nameOf(parts: readonly string[]): string {
  return join(...parts)
    .replace(/(?<=[^/\\])\.[^./\\]*$/, '')
    .replace(/^([A-Z]):(?=[/\\])/i, '$1');
}
