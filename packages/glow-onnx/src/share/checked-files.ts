import { type Precision, precisions } from '@glow-onnx/flow/internal';
import { loadGlow } from '@glow-onnx/runtime';
import {
  cardPath,
  maxPictureBytes,
  openStore,
  picturesOf,
  readCard,
  readManifest,
  readVerified,
  sha256,
  shownSource,
} from '@glow-onnx/runtime/internal-node';

/** A file of a model folder. */
export interface SharedFile {
  /** In the folder. */
  readonly path: string;
  /** On this machine. */
  readonly place: string;
  readonly bytes: number;
}

/**
 * The files of a model folder that are shared: those of the manifest, the card and the pictures that it shows. The model
 * must load in every precision of the folder and compute its golden images.
 * @throws the errors of `loadGlow`; Error if the folder is not on a disk.
 */
export async function checkedFiles(directory: string, signal?: AbortSignal): Promise<SharedFile[]> {
  const store = openStore(directory);
  if (store.url !== undefined)
    throw new Error(`push: ${shownSource(directory)}: expected a folder on this machine`);
  const folder = { store, sha256, signal };
  const { manifest, bytes } = await readManifest(folder);
  for (const { path } of manifest.files) await readVerified(folder, manifest, path);
  for (const precision of Object.keys(manifest.variants).filter(isPrecision)) {
    const model = await loadGlow(directory, { precision, cache: false, ...(signal && { signal }) });
    await model.dispose();
  }
  const files = [{ path: 'manifest.json', bytes: bytes.length }, ...manifest.files];
  const shown = [cardPath, ...picturesOf(await readCard(store, signal))];
  for (const path of shown.filter((each) => files.every((file) => file.path !== each))) {
    const file = await store.open(path, signal);
    if (!file) continue;
    const bytes = file.size as number;
    if (path !== cardPath && bytes > maxPictureBytes) {
      throw new RangeError(
        `push: ${store.locate(path)} has ${bytes} bytes, but a picture of the card may have at most ${maxPictureBytes}`,
      );
    }
    files.push({ path, bytes });
  }
  return files.map(({ path, bytes }) => ({ path, place: store.locate(path), bytes }));
}

function isPrecision(name: string): name is Precision {
  return precisions.some((known) => known === name);
}
