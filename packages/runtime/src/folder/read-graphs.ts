import type { GraphVariant, Manifest } from '@glow-onnx/flow/manifest';
import type { WeightsOf } from '../graphs/constants.js';
import type { GraphKind } from '../graphs/signature.js';
import type { GraphSource } from '../sessions/create-session.js';
import { allOrNone, listed, type ModelFolder, openListed, readVerified } from './model-folder.js';
import type { MappedWeights } from './model-store.js';

/**
 * Weights of this size and more stay on the disk, from where ONNX Runtime maps them. Smaller ones are read into memory,
 * so that later changes to the file do not matter.
 */
export const mappedFromBytes = 64 * 2 ** 20;

/** A graph of a folder, and what its weights file is. */
export interface GraphFile {
  readonly source: GraphSource & { readonly model: Uint8Array };
  /** Undefined if the graph holds all its weights. */
  readonly weights?: WeightsOf | undefined;
  /** For weights that stay on the disk, see `MappedWeights`. */
  readonly confirm?: MappedWeights['confirm'] | undefined;
}

/** Reads both graphs of a variant and their shared weights, all at once. Compares sizes and hashes, nothing else. */
export async function readGraphs(
  folder: ModelFolder,
  manifest: Manifest,
  variant: GraphVariant,
): Promise<Record<GraphKind, GraphFile>> {
  const { encode, decode, weights } = variant;
  const [encodeModel, decodeModel, data] = await allOrNone(folder, (part) =>
    Promise.all([
      readVerified(part, manifest, encode),
      readVerified(part, manifest, decode),
      weights === null ? undefined : readWeights(part, manifest, weights, [encode, decode]),
    ]),
  );
  const graph = (path: string, model: Uint8Array): GraphFile => {
    if (weights === null || !data) return { source: { model } };
    const location = relativeTo(path, weights);
    if (data instanceof Uint8Array) {
      const source = { model, externalData: [{ path: location, data }] };
      return { source, weights: { path: location, bytes: data.length } };
    }
    // The location ends the path, because the weights are in the graph's folder or below it.
    const source = { model, folder: data.path.slice(0, -location.length - 1) };
    return { source, weights: { path: location, bytes: data.bytes }, confirm: data.confirm };
  };
  return { encode: graph(encode, encodeModel), decode: graph(decode, decodeModel) };
}

/** Large weights stay on the disk, if ONNX Runtime can map them: it opens no file outside of a graph's folder. */
async function readWeights(
  folder: ModelFolder,
  manifest: Manifest,
  path: string,
  graphs: readonly string[],
): Promise<Uint8Array | MappedWeights> {
  const entry = listed(folder, manifest, path);
  const isBelow = graphs.every((graph) => !relativeTo(graph, path).startsWith('../'));
  const { store, mapping } = folder;
  if (!mapping || !store.map || !isBelow || entry.bytes < mappedFromBytes) {
    return readVerified(folder, manifest, path);
  }
  await openListed(folder, entry); // it is there, is no link, and has the listed size
  return store.map(entry, folder);
}

/** A graph names its external data relative to its own folder: onnx/encode.onnx names weights.bin. */
export function relativeTo(graph: string, weights: string): string {
  const folders = graph.split('/').slice(0, -1);
  const parts = weights.split('/');
  const differ = folders.findIndex((folder, i) => folder !== parts[i]);
  const shared = differ === -1 ? folders.length : differ;
  return [...folders.slice(shared).map(() => '..'), ...parts.slice(shared)].join('/');
}
