import { takeCredentials } from '../folder/stores/address.js';
import type { Get } from '../folder/stores/answer.js';
import { fetchFile } from '../folder/stores/fetch-file.js';
import type { NetworkOptions } from '../folder/stores/url-store.js';
import { checkBytes, type ImageLimits } from './limits.js';

/**
 * Fetches the file of an image. A user and a password are sent as `Authorization: Basic`.
 * @param base the address that a relative one starts from.
 * @throws TypeError if `source` is no address; RangeError if the file is larger than the limit; Error if the server does
 *   not give it; `signal.reason` when aborted. Messages do not name the address.
 */
export async function fetchImage(
  get: Get,
  source: string | URL,
  limits: ImageLimits,
  { idleTimeoutMs }: NetworkOptions = {},
  signal?: AbortSignal,
  base?: string,
): Promise<Uint8Array> {
  // The error of URL holds the whole address, with its secrets.
  if (!URL.canParse(String(source), base)) throw new TypeError('it is not a valid address');
  const url = new URL(source, base);
  const authorization = takeCredentials(url);
  const file = await fetchFile(get, url, { retry: 'try again', authorization, idleTimeoutMs, signal });
  if (!file) throw new Error('the server does not have this file (404); check the address');
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    checkBytes(file.size ?? 0, limits);
    for await (const part of file.pieces()) {
      length += part.length;
      checkBytes(length, limits);
      parts.push(part.slice());
    }
  } finally {
    file.cancel?.();
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
