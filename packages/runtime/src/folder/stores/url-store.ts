import { type ModelStore, type StoredFile, UnreachableError } from '../model-store.js';
import { responseFile } from './response-file.js';

/**
 * Reads a model folder at an http(s) address. A query of the address, such as an access token, is sent with the
 * request of every file, and does not appear in messages.
 * @param base the address that a relative `address` starts from.
 * @throws TypeError if `address` is not an http(s) address.
 */
export function urlStore(address: string | URL, base?: string): ModelStore {
  const folder = folderUrl(address, base);
  const urlOf = (path: string) => {
    const url = new URL(folder);
    url.pathname += path;
    return url;
  };
  const locate = (path: string) => withoutSecrets(urlOf(path));
  return {
    name: withoutSecrets(folder),
    url: folder.href,
    locate,
    async open(path, signal) {
      const where = locate(path);
      const url = urlOf(path);
      const response = await request(url, where, signal);
      const secure = url.protocol === 'http:' || !response.url.startsWith('http:');
      if (response.ok && secure && !isPage(response)) return fileOf(response, where, signal);
      await response.body?.cancel();
      if (!secure) throw new Error(`${where}: the server redirects to ${response.url}, which is not https`);
      if (response.status === 404 || response.status === 410) return undefined;
      if (response.ok) {
        throw new Error(
          `${where}: the server answers with a web page, not with this file; ` +
            'many servers do this for an unknown address; check the address',
        );
      }
      const answer = `${where}: the server answers ${response.status} ${response.statusText}`.trimEnd();
      throw response.status >= 500 ? new UnreachableError(`${answer}; try again later`) : new Error(answer);
    },
  };
}

function folderUrl(address: string | URL, base?: string): URL {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch (cause) {
    throw new TypeError(`loadGlow: ${String(address)} is not an address of a model folder`, { cause });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(
      `loadGlow: a model folder cannot be fetched from ${url.href}; expected an http or https address`,
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  url.hash = '';
  return url;
}

async function request(url: URL, where: string, signal?: AbortSignal): Promise<Response> {
  try {
    // The browser asks the server whether its own copy is still current: an old copy would not match its hash.
    return await fetch(url, { cache: 'no-cache', ...(signal && { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    const hint =
      globalThis.location && url.origin !== globalThis.location.origin
        ? '; if the server runs, it must allow this page with the header Access-Control-Allow-Origin'
        : '';
    throw new UnreachableError(`${where} cannot be fetched: ${reasonOf(cause)}${hint}`, { cause });
  }
}

function fileOf(response: Response, where: string, signal?: AbortSignal): StoredFile {
  const { size, pieces } = responseFile(response);
  return {
    size,
    async *pieces() {
      let loaded = 0;
      try {
        for await (const piece of pieces()) {
          loaded += piece.length;
          yield piece;
        }
      } catch (cause) {
        signal?.throwIfAborted();
        throw new UnreachableError(
          `${where}: the connection broke off after ${loaded} bytes: ${reasonOf(cause)}; load the model again`,
          { cause },
        );
      }
    },
  };
}

const isPage = ({ headers }: Response) => headers.get('content-type')?.startsWith('text/html') ?? false;

/** The address without its query and password, for messages. */
function withoutSecrets({ origin, pathname }: URL): string {
  return origin + pathname;
}

/** Node reports "fetch failed" and gives the reason in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { message?: string } };
  return cause?.message ? `${message}: ${cause.message}` : message;
}
