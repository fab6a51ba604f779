import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { type Manifest, maxManifestBytes, parseManifest } from '@glow-onnx/flow/manifest';
import { cardPath, picturesOf, readCard } from '../folder/card.js';
import { explained } from './explain-system-error.js';
import { folderStore } from './folder-store.js';
import { readWholeFile } from './read-file.js';
import { finalName, onExit, remainsIn, sweepTemporary, temporaryName } from './temporary.js';

/** A written file, as a manifest lists it. */
export interface WrittenFile {
  /** Relative to the model folder. */
  readonly path: string;
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** Writes a file inside the folder chunk by chunk, and returns when its bytes are on the disk. */
export type WriteFile = (path: string, chunks: Iterable<Uint8Array | string>) => Promise<WrittenFile>;

/**
 * Fills a temporary folder beside `out` and renames it to `out` when `fill` is done, so the folder appears complete or
 * not at all. If `out` is a link to a folder, that folder is replaced and the link stays.
 * @param where the command, in messages.
 * @param replace whether to replace an existing model folder or an empty folder.
 * @throws Error if `out` exists and may not be replaced. Errors of `fill` pass through. In both cases no file is left
 * behind.
 */
export async function writeFolder<T>(
  where: string,
  out: string,
  replace: boolean,
  fill: (folder: string, write: WriteFile) => Promise<T>,
): Promise<T> {
  const place = await realpath(resolve(out)).catch(() => resolve(out));
  await explained('written', out, async () => tidy(place));
  const exists = await checkPlace(where, out, place, replace);
  const { firstMade, temporary } = await explained('written', out, async () => makeBeside(place));
  const remove = () => {
    rmSync(temporary, { recursive: true, force: true });
    if (firstMade !== undefined) removeEmpty(dirname(place), firstMade);
  };
  const cancel = onExit(remove); // a signal ends the command by an exit
  try {
    const result = await fill(temporary, (path, chunks) =>
      explained('written', out, () => writeFile(temporary, path, chunks)),
    );
    await explained('written', out, async () => moveInto(place, temporary, exists));
    return result;
  } catch (error) {
    remove();
    throw error;
  } finally {
    cancel();
  }
}

/**
 * Removes what killed exports left beside `place`. If one was killed while it replaced this folder, the old folder
 * returns to its place.
 */
function tidy(place: string): void {
  const parent = dirname(place);
  for (const old of remainsIn(parent, 'old')) {
    if (finalName(basename(old)) !== basename(hidden(place))) continue;
    if (existsSync(place)) rmSync(old, { recursive: true, force: true });
    else renameSync(old, place);
  }
  sweepTemporary(parent);
}

/** The path of a hidden file beside `place`. */
function hidden(place: string): string {
  return join(dirname(place), `.${basename(place)}`);
}

/**
 * Makes the temporary folder and its parents without a pause: a signal before the exit handler is set would leave them
 * behind.
 */
function makeBeside(place: string): { firstMade: string | undefined; temporary: string } {
  const parent = dirname(place);
  const firstMade = mkdirSync(parent, { recursive: true });
  const temporary = temporaryName(hidden(place));
  try {
    mkdirSync(temporary);
    return { firstMade, temporary };
  } catch (error) {
    if (firstMade !== undefined) removeEmpty(parent, firstMade);
    throw error;
  }
}

/** Removes the empty folders from `from` up to `last`; stops at the first that is not empty. */
function removeEmpty(from: string, last: string): void {
  for (let folder = from; folder.length >= last.length; folder = dirname(folder)) {
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
  }
}

async function checkPlace(where: string, out: string, place: string, replace: boolean): Promise<boolean> {
  const found = await stat(place).catch(() => undefined);
  if (!found) {
    const link = await lstat(place).catch(() => undefined);
    if (link)
      throw new Error(
        `${where}: ${out} is a link to a path that does not exist; remove the link, or pass another --out`,
      );
    return false;
  }
  if (!found.isDirectory())
    throw new Error(
      `${where}: ${out} is a file, expected a folder that does not exist yet; pass another --out`,
    );
  if (!replace) throw new Error(`${where}: ${out} exists; pass --force to replace it, or another --out`);
  const strange = await foreignFile(place);
  if (strange !== undefined) {
    throw new Error(
      `${where}: ${out} holds ${strange}, which is not part of a model folder, so --force does not replace it; pass another --out`,
    );
  }
  return true;
}

/** The first file that does not belong to a model folder, or undefined. */
async function foreignFile(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  if (files.length === 0) return undefined;
  const manifest = await readManifest(join(folder, 'manifest.json')).catch(() => undefined);
  const card = await readCard(folderStore(folder)).catch(() => undefined);
  const known = new Set([
    'manifest.json',
    cardPath,
    ...picturesOf(card),
    ...(manifest?.files ?? []).map(({ path }) => path),
  ]);
  return manifest ? files.find((file) => !known.has(file)) : files[0];
}

/** Undefined if the path is not a file: a pipe might never end. */
async function readManifest(path: string): Promise<Manifest | undefined> {
  const found = await stat(path);
  return found.isFile() ? parseManifest(await readWholeFile(path, maxManifestBytes)) : undefined;
}

/**
 * Renames the new folder to its place. The old folder is removed last, so a failed rename can be undone. All calls are
 * synchronous, so no signal can interrupt them.
 */
function moveInto(place: string, temporary: string, exists: boolean): void {
  if (!exists) {
    renameSync(temporary, place);
    return;
  }
  const old = temporaryName(hidden(place), 'old');
  renameSync(place, old);
  try {
    renameSync(temporary, place);
  } catch (error) {
    renameSync(old, place);
    throw error;
  }
  rmSync(old, { recursive: true });
}

async function writeFile(
  folder: string,
  path: string,
  chunks: Iterable<Uint8Array | string>,
): Promise<WrittenFile> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(join(folder, path), 'wx');
  try {
    for (const chunk of chunks) {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      await file.writeFile(data);
      hash.update(data);
      bytes += data.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { path, bytes, sha256: hash.digest('hex') };
}
