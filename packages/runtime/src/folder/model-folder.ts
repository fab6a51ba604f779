import type { OwnBytes } from '@glow-onnx/flow/internal';
import { type Manifest, maxManifestBytes, parseManifest, printable } from '@glow-onnx/flow/manifest';
import { queueOf } from '../sessions/queue.js';
import type { FileEntry } from './file-entry.js';
import { lastManifest } from './last-manifest.js';
import type { LoadProgress } from './load-progress.js';
import type { ModelCache, Sha256 } from './model-cache.js';
import { type ModelStore, readBounded, type StoredFile, UnreachableError } from './model-store.js';

/** A model folder, and how to read it. */
export interface ModelFolder {
  readonly store: ModelStore;
  readonly sha256: Sha256;
  /** Keeps files that come over a network. */
  readonly cache?: ModelCache | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether large weights may stay on the disk, for an ONNX Runtime that maps files. */
  readonly mapping?: boolean | undefined;
}

/** A file is missing, or is not the one that manifest.json lists: one of the two belongs to another version. */
export class MismatchError extends Error {}

/** The error for a file that is not the one that the manifest lists. */
export function mismatch(where: string, what: string, listed: string | number): MismatchError {
  return new MismatchError(`${where} has ${what}, manifest.json says ${listed}; copy the model folder again`);
}

/** A manifest as read. */
export interface ManifestFile {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

const manifestPath = 'manifest.json';

/**
 * Reads manifest.json. If the server cannot be reached, the cache gives the last manifest of this address.
 * @throws Error if the folder has no manifest.json; SyntaxError or RangeError if the manifest is not valid.
 */
export async function readManifest(folder: ModelFolder): Promise<ManifestFile> {
  const { store, cache, sha256, onProgress } = folder;
  const file = { name: store.name, file: manifestPath };
  onProgress?.({ status: 'initiate', ...file });
  const last =
    cache && store.url !== undefined
      ? lastManifest(cache, sha256, store.url, { path: manifestPath, limit: maxManifestBytes })
      : undefined;
  try {
    const bytes = await fetchManifest(folder);
    const manifest = parse(store, bytes);
    const entry = { path: manifestPath, bytes: bytes.length, sha256: await sha256(bytes) };
    await cache?.contents.write(entry.sha256, bytes);
    await last?.write(entry);
    onProgress?.({ status: 'done', ...file, cached: false });
    return { manifest, bytes, sha256: entry.sha256 };
  } catch (error) {
    const entry = error instanceof UnreachableError ? await last?.read() : undefined;
    const bytes = cache && entry && (await fromCache({ ...folder, onProgress: undefined }, cache, entry));
    if (!bytes) throw error;
    onProgress?.({ status: 'offline', ...file, reason: (error as Error).message });
    onProgress?.({ status: 'done', ...file, cached: true });
    return { manifest: parse(store, bytes), bytes, sha256: entry.sha256 };
  }
}

async function fetchManifest({ store, signal, onProgress }: ModelFolder): Promise<OwnBytes> {
  const where = store.locate(manifestPath);
  const file = await store.open(manifestPath, signal);
  if (!file) {
    const advice = (await store.advice?.()) ?? 'pass a model folder written by glow-onnx export';
    throw new Error(`${store.name}: no manifest.json found; ${advice}`);
  }
  if (store.url !== undefined) onProgress?.({ status: 'download', name: store.name, file: manifestPath });
  return readBounded(file, { where, limit: maxManifestBytes, signal });
}

function parse(store: ModelStore, bytes: Uint8Array): Manifest {
  try {
    return parseManifest(bytes);
  } catch (cause) {
    const message = `${store.name}: ${printable((cause as Error).message)}`;
    throw cause instanceof SyntaxError
      ? new SyntaxError(message, { cause })
      : new RangeError(message, { cause });
  }
}

/**
 * Reads one file and compares its size and sha256 with the manifest.
 * @throws Error if the file is missing, incomplete or changed; UnreachableError if its server cannot be reached.
 */
export async function readVerified(folder: ModelFolder, manifest: Manifest, path: string): Promise<OwnBytes> {
  const { store, cache, onProgress } = folder;
  const file = { name: store.name, file: path };
  const entry = listed(folder, manifest, path);
  onProgress?.({ status: 'initiate', ...file, total: entry.bytes });
  // If several loads of one address share a file, the first one fetches it and the others read the cache. Loads of other
  // addresses do not wait: their server may be faster.
  const { bytes, cached } = cache
    ? await queueOf(`${cache.location} ${store.name} ${entry.sha256}`)(() =>
        throughCache(folder, cache, entry),
      )
    : { bytes: await fromStore(folder, entry), cached: false };
  onProgress?.({ status: 'done', ...file, cached });
  return bytes;
}

/** @throws Error if the manifest does not list the file. */
export function listed({ store }: ModelFolder, { files }: Manifest, path: string): FileEntry {
  const entry = files.find((each) => each.path === path);
  if (!entry) throw new Error(`${store.locate(path)} is not listed in manifest.json; export the model again`);
  return entry;
}

async function throughCache(folder: ModelFolder, cache: ModelCache, entry: FileEntry) {
  const kept = await fromCache(folder, cache, entry);
  if (kept) return { bytes: kept, cached: true };
  const bytes = await fromStore(folder, entry);
  await cache.contents.write(entry.sha256, bytes);
  return { bytes, cached: false };
}

/** A cached file is verified like a file from a server. A damaged file is removed from the cache. */
async function fromCache(folder: ModelFolder, cache: ModelCache, entry: FileEntry) {
  folder.signal?.throwIfAborted();
  const file = await cache.contents.open(entry.sha256);
  if (!file) return undefined;
  try {
    return await verified(folder, file, entry, entry.sha256);
  } catch {
    folder.signal?.throwIfAborted();
    await cache.contents.remove(entry.sha256);
    return undefined;
  }
}

async function fromStore(folder: ModelFolder, entry: FileEntry) {
  const { store, onProgress } = folder;
  const file = await openListed(folder, entry);
  if (store.url !== undefined) onProgress?.({ status: 'download', name: store.name, file: entry.path });
  return verified(folder, file, entry, store.locate(entry.path));
}

/** Opens a file of the size that the manifest states. @throws MismatchError if it is missing or has another size. */
export async function openListed({ store, signal }: ModelFolder, entry: FileEntry): Promise<StoredFile> {
  const where = store.locate(entry.path);
  const file = await store.open(entry.path, signal);
  if (!file) throw new MismatchError(`${where} is missing; copy the model folder again`);
  return ofSize(file, entry.bytes, where);
}

function ofSize(file: StoredFile, bytes: number, where: string): StoredFile {
  if (file.size === undefined || file.size === bytes) return file;
  file.cancel?.();
  throw mismatch(where, `${file.size} bytes`, bytes);
}

async function verified(
  { store, sha256, signal, onProgress }: ModelFolder,
  file: StoredFile,
  { path, bytes: total, sha256: expected }: FileEntry,
  where: string,
): Promise<OwnBytes> {
  const onPiece = (loaded: number) =>
    onProgress?.({
      status: 'progress',
      name: store.name,
      file: path,
      loaded,
      total,
      progress: (100 * loaded) / total,
    });
  const bytes = await readBounded(ofSize(file, total, where), { where, limit: total, signal, onPiece });
  if (bytes.length !== total) throw mismatch(where, `${bytes.length} bytes`, total);
  const hash = await sha256(bytes);
  if (hash !== expected) throw mismatch(where, `sha256 ${hash}`, expected);
  return bytes;
}

/** Does something with a folder. If it fails, what it began with the folder's signal stops, such as the reading of files. */
export async function allOrNone<T>(
  folder: ModelFolder,
  work: (folder: ModelFolder) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const signal = folder.signal ? AbortSignal.any([folder.signal, stop.signal]) : stop.signal;
  try {
    return await work({ ...folder, signal });
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}
