import type { ModelStore } from '../model-store.js';
import { shownAddress, takeCredentials } from './address.js';
import type { Get } from './answer.js';
import type { HubOptions } from './hub-folder.js';
import { serverStore } from './server-store.js';

/** How files are fetched. */
export interface NetworkOptions {
  /**
   * The time in milliseconds after which a silent server is given up: no answer, or fewer than 500 bytes per second.
   * Default 15,000.
   */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * Node only: a server on the internet may redirect to an address in a private network, such as `192.168.1.2` or
   * `localhost`. Default false. A folder that is loaded from a private address may always redirect there.
   */
  readonly privateRedirects?: boolean | undefined;
  /** How to reach the model hub, for a source such as `hf:owner/name`. */
  readonly hub?: HubOptions | undefined;
}

/**
 * Reads a model folder at an http(s) address. A query of the address, such as an access token, is sent with the
 * request of every file; a user and a password are sent as `Authorization: Basic`. No message shows them.
 * @param base the address that a relative `address` starts from.
 * @throws TypeError if `address` is not an http(s) address.
 */
export function urlStore(
  get: Get,
  address: string | URL,
  { idleTimeoutMs }: NetworkOptions,
  base?: string,
): ModelStore {
  const url = folderUrl(address, base);
  const authorization = takeCredentials(url);
  const advice = async () => (await import('./hub-name.js')).hubAdvice(address);
  return serverStore(get, { name: shownAddress(url), url, authorization, advice }, idleTimeoutMs);
}

function folderUrl(address: string | URL, base?: string): URL {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch {
    // The error of URL is no cause here: it holds the whole address.
    throw new TypeError(`loadGlow: ${shownAddress(address)} is not an address of a model folder`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(
      `loadGlow: a model folder cannot be fetched from ${shownAddress(url)}; expected an http or https address`,
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  url.hash = '';
  return url;
}
