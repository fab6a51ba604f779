import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseManifest } from '@glow-onnx/flow';

/** A file written, as a manifest lists it. */
export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes a file below the folder, piece by piece, to the disk itself. */
export type WriteFile = (path: string, chunks: Iterable<Uint8Array | string>) => Promise<WrittenFile>;

/**
 * Fills a folder beside its place and moves it there once `fill` is done, so that it appears whole or not at all.
 * Where `out` is a link to a folder, that folder is replaced and the link stays.
 * @param replace whether a model folder (or an empty one) that is there already gives way.
 * @throws Error if something is there and may not be replaced; whatever `fill` throws, with nothing left behind.
 */
export async function writeFolder<T>(
  out: string,
  replace: boolean,
  fill: (folder: string, write: WriteFile) => Promise<T>,
): Promise<T> {
  const place = await realpath(resolve(out)).catch(() => resolve(out));
  const exists = await checkPlace(out, place, replace);
  const { firstMade, temporary } = await writing(out, async () => makeBeside(place));
  const remove = () => {
    rmSync(temporary, { recursive: true, force: true });
    if (firstMade !== undefined) removeEmpty(dirname(place), firstMade);
  };
  process.once('exit', remove); // a command that is interrupted exits; see main.ts
  try {
    await chmod(temporary, 0o755); // mkdtemp keeps others out
    const result = await fill(temporary, (path, chunks) =>
      writing(out, () => writeFile(temporary, path, chunks)),
    );
    await writing(out, async () => moveInto(place, temporary, exists));
    return result;
  } catch (error) {
    remove();
    throw error;
  } finally {
    process.off('exit', remove);
  }
}

/** In one go, as what removes them is set up at once after: a signal in between would leave them. */
function makeBeside(place: string): { firstMade: string | undefined; temporary: string } {
  const parent = dirname(place);
  const firstMade = mkdirSync(parent, { recursive: true });
  try {
    return { firstMade, temporary: mkdtempSync(join(parent, `.${basename(place)}.`)) };
  } catch (error) {
    if (firstMade !== undefined) removeEmpty(parent, firstMade);
    throw error;
  }
}

/** Removes folders from `from` up to `last`, as long as nothing else has come into them. */
function removeEmpty(from: string, last: string): void {
  for (let folder = from; folder.length >= last.length; folder = dirname(folder)) {
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
  }
}

/** Runs what writes. @throws Error saying where, if the system refuses: no space, no permission, no folder. */
async function writing<T>(out: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (typeof (cause as NodeJS.ErrnoException).code !== 'string') throw cause;
    throw new Error(`export: ${out} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

async function checkPlace(out: string, place: string, replace: boolean): Promise<boolean> {
  const found = await stat(place).catch(() => undefined);
  if (!found) {
    const link = await lstat(place).catch(() => undefined);
    if (link)
      throw new Error(`export: ${out} is a link to what is not there; remove it, or pass another --out`);
    return false;
  }
  if (!found.isDirectory()) throw new Error(`export: ${out} is a file, expected a folder to make`);
  if (!replace) throw new Error(`export: ${out} exists; pass --force to replace it, or another --out`);
  const strange = await foreignFile(place);
  if (strange !== undefined) {
    throw new Error(
      `export: ${out} holds ${strange}, which no export wrote, so --force leaves it alone; pass another --out`,
    );
  }
  return true;
}

/** A file that does not belong to a model folder; undefined if all do. */
async function foreignFile(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  if (files.length === 0) return undefined;
  const manifest = await readFile(join(folder, 'manifest.json'), 'utf8').then(parseManifest, () => undefined);
  const known = new Set(['manifest.json', 'README.md', ...(manifest?.files ?? []).map(({ path }) => path)]);
  return manifest ? files.find((file) => !known.has(file)) : files[0];
}

/** Takes the place of what is there, which is kept until the new folder stands. In one go: no signal comes between. */
function moveInto(place: string, temporary: string, exists: boolean): void {
  if (!exists) {
    renameSync(temporary, place);
    return;
  }
  const old = `${temporary}.old`;
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
