import { pathToFileURL } from 'node:url';
import { version } from '@glow-onnx/runtime/internal';
import { fileSize, type Report } from '@glow-onnx/runtime/internal-node';
import { checkedFiles } from './checked-files.js';
import { openHub } from './hub-client.js';
import { hubToWrite, nameOf, parseRepository } from './repository.js';

export interface PushFlags {
  readonly private: boolean;
  readonly revision?: string;
  readonly message?: string;
}

/**
 * Uploads a model folder with its card, as one commit: the files that the manifest lists, and the pictures that the card
 * shows. The repository and the branch are made if they do not exist. Other files of the repository stay.
 * @throws Error if the folder is not a model folder that loads, there is no token, or the hub refuses.
 */
export async function push(
  directory: string,
  to: string,
  flags: PushFlags,
  signal?: AbortSignal,
): Promise<Report> {
  const named = parseRepository(to);
  if (named.folder !== '')
    throw new RangeError(`push: expected owner/name, got ${to}; a repository is one model`);
  const target = parseRepository(nameOf({ ...named, revision: flags.revision ?? named.revision }));
  const { repository, revision: branch = 'main' } = target;
  const hub = hubToWrite();
  const files = await checkedFiles(directory, signal);
  const client = await openHub(repository, hub, signal);
  const visibility = await client.visibility();
  if (visibility === 'public' && flags.private) {
    throw new Error(
      `push: ${repository} exists and is public; make it private on the hub, or leave --private out`,
    );
  }
  if (visibility === undefined) await client.create(flags.private);
  if (branch !== 'main') await client.createBranch(branch);
  const commit = await client.upload(
    branch,
    flags.message ?? `Upload a model folder with glow-onnx ${version}`,
    files.map(({ path, place }) => ({ path, content: pathToFileURL(place) })),
  );
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const address = `${hub.endpoint}/${repository}${branch === 'main' ? '' : `/tree/${encodeURIComponent(branch)}`}`;
  const load = nameOf(target);
  return {
    text: `uploaded ${files.length} files, ${fileSize(bytes)}, to ${address}\nto load it: loadGlow('${load}')`,
    json: {
      ...{ repository, branch, commit, address, load, bytes },
      files: files.map(({ path, bytes }) => ({ path, bytes })),
    },
  };
}
