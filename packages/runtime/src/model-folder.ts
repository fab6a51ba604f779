import { type GraphVariant, type Manifest, parseManifest } from '@glow-onnx/flow/manifest';
import type { GraphSource } from './create-session.js';

/** Where a model folder's files come from: a directory now, an address in the browser. */
export interface ModelStore {
  /** How messages call the folder. */
  readonly name: string;
  /** Bytes of the file at this path inside the folder; undefined if there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** @throws Error if there is none; SyntaxError or RangeError if it is none of ours. */
export async function readManifest(store: ModelStore): Promise<Manifest> {
  const bytes = await store.read('manifest.json');
  if (!bytes) {
    throw new Error(`${store.name}: no manifest.json there; pass a model folder, as glow-export writes it`);
  }
  return parseManifest(new TextDecoder().decode(bytes));
}

/**
 * Reads one file and compares it with what the manifest says of it.
 * @throws Error if it is missing, cut short or changed.
 */
export async function readVerified(store: ModelStore, manifest: Manifest, path: string): Promise<Uint8Array> {
  const where = `${store.name}: ${path}`;
  const entry = manifest.files.find((file) => file.path === path);
  if (!entry) throw new Error(`${where} is not listed in manifest.json; export the model again`);
  const bytes = await store.read(path);
  if (!bytes) throw new Error(`${where} is missing; copy the model folder again`);
  if (bytes.length !== entry.bytes) {
    throw new Error(
      `${where} has ${bytes.length} bytes, manifest.json says ${entry.bytes}; copy the model folder again`,
    );
  }
  const sha256 = await sha256Of(bytes);
  if (sha256 !== entry.sha256) {
    throw new Error(
      `${where} has sha256 ${sha256}, manifest.json says ${entry.sha256}; copy the model folder again`,
    );
  }
  return bytes;
}

export interface ModelGraphs {
  readonly encode: GraphSource;
  readonly decode: GraphSource;
}

/** Reads and verifies both graphs of a variant and the weights they share. */
export async function readGraphs(
  store: ModelStore,
  manifest: Manifest,
  variant: GraphVariant,
): Promise<ModelGraphs> {
  const { encode, decode, weights } = variant;
  const data = weights === null ? undefined : await readVerified(store, manifest, weights);
  const graph = async (path: string) => ({
    model: await readVerified(store, manifest, path),
    ...(weights !== null && data && { externalData: [{ path: relativeTo(path, weights), data }] }),
  });
  return { encode: await graph(encode), decode: await graph(decode) };
}

/** A graph names its external data relative to its own folder: onnx/encode.onnx says weights.bin. */
function relativeTo(graph: string, weights: string): string {
  const folder = graph.slice(0, graph.lastIndexOf('/') + 1);
  return weights.startsWith(folder) ? weights.slice(folder.length) : weights;
}

async function sha256Of(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
