import type { OwnBytes } from '@glow-onnx/flow/internal';
import {
  type GraphVariant,
  type Manifest,
  maxManifestBytes,
  parseManifest,
  printable,
} from '@glow-onnx/flow/manifest';
import type { GraphKind } from '../graphs/signature.js';
import type { GraphSource } from '../sessions/create-session.js';
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
}

/** A file is missing, or is not the one that manifest.json lists: one of the two belongs to another version. */
export class MismatchError extends Error {}

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
  const entry = manifest.files.find((listed) => listed.path === path);
  if (!entry) throw new Error(`${store.locate(path)} is not listed in manifest.json; export the model again`);
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
  const { store, signal, onProgress } = folder;
  const where = store.locate(entry.path);
  const file = await store.open(entry.path, signal);
  if (!file) throw new MismatchError(`${where} is missing; copy the model folder again`);
  if (store.url !== undefined) onProgress?.({ status: 'download', name: store.name, file: entry.path });
  return verified(folder, file, entry, where);
}

async function verified(
  { store, sha256, signal, onProgress }: ModelFolder,
  file: StoredFile,
  { path, bytes: total, sha256: expected }: FileEntry,
  where: string,
): Promise<OwnBytes> {
  const differs = (what: string, listed: string | number) =>
    new MismatchError(`${where} has ${what}, manifest.json says ${listed}; copy the model folder again`);
  if (file.size !== undefined && file.size !== total) {
    file.cancel?.();
    throw differs(`${file.size} bytes`, total);
  }
  const onPiece = (loaded: number) =>
    onProgress?.({
      status: 'progress',
      name: store.name,
      file: path,
      loaded,
      total,
      progress: (100 * loaded) / total,
    });
  const bytes = await readBounded(file, { where, limit: total, signal, onPiece });
  if (bytes.length !== total) throw differs(`${bytes.length} bytes`, total);
  const hash = await sha256(bytes);
  if (hash !== expected) throw differs(`sha256 ${hash}`, expected);
  return bytes;
}

/** Reads both graphs of a variant and their shared weights, all at once. Compares sizes and hashes, nothing else. */
export async function readGraphs(
  folder: ModelFolder,
  manifest: Manifest,
  { encode, decode, weights }: GraphVariant,
): Promise<Record<GraphKind, GraphSource & { readonly model: Uint8Array }>> {
  const [encodeModel, decodeModel, data] = await allOrNone(folder, (part) => [
    readVerified(part, manifest, encode),
    readVerified(part, manifest, decode),
    weights === null ? undefined : readVerified(part, manifest, weights),
  ]);
  const graph = (path: string, model: Uint8Array | undefined) => ({
    model: model as Uint8Array,
    ...(weights !== null && data && { externalData: [{ path: relativeTo(path, weights), data }] }),
  });
  return { encode: graph(encode, encodeModel), decode: graph(decode, decodeModel) };
}

/** Reads several files at once. If one fails, the others stop. */
async function allOrNone<T>(
  folder: ModelFolder,
  read: (folder: ModelFolder) => readonly (Promise<T> | undefined)[],
): Promise<(T | undefined)[]> {
  const stop = new AbortController();
  const signal = folder.signal ? AbortSignal.any([folder.signal, stop.signal]) : stop.signal;
  try {
    return await Promise.all(read({ ...folder, signal }));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}

/** A graph names its external data relative to its own folder: onnx/encode.onnx names weights.bin. */
export function relativeTo(graph: string, weights: string): string {
  const folders = graph.split('/').slice(0, -1);
  const parts = weights.split('/');
  const differ = folders.findIndex((folder, i) => folder !== parts[i]);
  const shared = differ === -1 ? folders.length : differ;
  return [...folders.slice(shared).map(() => '..'), ...parts.slice(shared)].join('/');
}
