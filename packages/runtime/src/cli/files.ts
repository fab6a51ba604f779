import { type ModelFolder, readManifest } from '../folder/model-folder.js';
import { keepInputs } from '../node/check-outputs.js';
import { copyFolder } from '../node/copy-folder.js';
import { openStore } from '../node/open-store.js';
import { sha256 } from '../node/sha256.js';
import { fileSize, type Report, table } from './report.js';

export interface FilesFlags {
  readonly out?: string;
  readonly force: boolean;
}

/** Lists the files of a model folder that have to be deployed, or copies them. Nothing else in the folder is needed. */
export async function files(
  directory: string,
  { out, force }: FilesFlags,
  signal: AbortSignal,
): Promise<Report> {
  if (out !== undefined) keepInputs([out], [directory]);
  const folder = { store: openStore(directory), sha256, signal };
  const listed =
    out === undefined
      ? await filesIn(folder)
      : await copyFolder(folder, { where: 'files', out, force, withCard: false });
  const bytes = listed.reduce((sum, file) => sum + file.bytes, 0);
  const rows = listed.map((file) => [file.path, fileSize(file.bytes)]);
  const total = `${listed.length} files, ${fileSize(bytes)}`;
  return {
    text: out === undefined ? table([...rows, [total, '']]) : `copied ${total} to ${out}`,
    json: { files: listed, bytes, ...(out !== undefined && { out }) },
  };
}

async function filesIn(folder: ModelFolder) {
  const { manifest, bytes, sha256 } = await readManifest(folder);
  return [{ path: 'manifest.json', bytes: bytes.length, sha256 }, ...manifest.files];
}
