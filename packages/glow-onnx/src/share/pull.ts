import { copyFolder, fileSize, openStore, type Report, sha256 } from '@glow-onnx/runtime/internal-node';
import { nameOf, parseRepository } from './repository.js';

export interface PullFlags {
  readonly out: string;
  readonly force: boolean;
}

/**
 * Downloads a model folder with its card. Every file that the manifest lists is compared with its sha256. The folder
 * appears complete or not at all.
 * @throws Error if the repository holds no model folder, a file is damaged, or `out` may not be replaced.
 */
export async function pull(
  repository: string,
  { out, force }: PullFlags,
  signal: AbortSignal | undefined,
): Promise<Report> {
  const name = nameOf(parseRepository(repository));
  const folder = { store: openStore(name), sha256, signal };
  const files = await copyFolder(folder, { where: 'pull', out, force, withCard: true });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return {
    text: `downloaded ${name}: ${files.length} files, ${fileSize(bytes)}, to ${out}`,
    json: { repository: name, out, bytes, files },
  };
}
