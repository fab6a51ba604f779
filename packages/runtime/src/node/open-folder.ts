import type { Manifest } from '@glow-onnx/flow/manifest';
import { loadGraphs } from '../folder/load-graphs.js';
import { openCache } from '../folder/model-cache.js';
import { type ModelFolder, readManifest, readVerified } from '../folder/model-folder.js';
import { storeOf } from '../folder/model-source.js';
import { platform } from './platform.js';

/** A model folder whose files are read when they are needed, and compared with its manifest. */
export interface OpenFolder {
  /** The folder in messages. */
  readonly name: string;
  readonly manifest: Manifest;
  /** @throws Error if the file is missing, not listed, incomplete or changed. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * The encode graph of fp32, and the weights file beside it if it has one. Both graphs are held to docs/format.md.
   * @throws RangeError if they are not graphs of this model.
   */
  encodeGraph(): Promise<{ readonly model: Uint8Array; readonly weights: Uint8Array | undefined }>;
}

/**
 * Opens a model folder without running it. Files of an address go through the cache, as in `loadGlow`.
 * @param source a path or an address.
 * @throws the errors of reading a manifest.
 */
export async function openFolder(source: string, signal?: AbortSignal): Promise<OpenFolder> {
  const store = await storeOf(platform, source);
  const cache = store.url === undefined ? undefined : openCache(platform);
  const folder: ModelFolder = { store, sha256: platform.sha256, cache, signal };
  const { manifest } = await readManifest(folder);
  return {
    name: store.name,
    manifest,
    read: (path) => readVerified(folder, manifest, path),
    async encodeGraph() {
      const { model, externalData } = (await loadGraphs(folder, manifest, 'fp32')).encode.source;
      return { model: model as Uint8Array, weights: externalData?.[0]?.data };
    },
  };
}
