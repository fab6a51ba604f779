import type { ModelStore } from '../model-store.js';
import { shownAddress } from './address.js';
import type { Get } from './answer.js';
import { type FetchOptions, fetchFile } from './fetch-file.js';

/** A model folder on a server. */
export interface ServerFolder
  extends Pick<ModelStore, 'name' | 'advice'>,
    Pick<FetchOptions, 'authorization' | 'accept' | 'explain'> {
  /** The address of the folder, which ends in a slash. */
  readonly url: URL;
  /** The address of a file. Default: inside `url`. */
  urlOf?(path: string): URL;
}

/** Reads a model folder on a server. */
export function serverStore(get: Get, folder: ServerFolder, idleTimeoutMs?: number): ModelStore {
  const { name, url, advice, authorization, accept, explain } = folder;
  const urlOf = (path: string) => {
    if (folder.urlOf) return folder.urlOf(path);
    const inside = new URL(url);
    inside.pathname += path;
    return inside;
  };
  const locate = (path: string) => shownAddress(urlOf(path));
  const options = { retry: 'load the model again', authorization, idleTimeoutMs, accept, explain };
  return {
    name,
    url: url.href,
    advice,
    locate,
    open: (path, signal) => fetchFile(get, urlOf(path), { ...options, where: locate(path), signal }),
  };
}
