import { type ModelStore, type StoredFile, UnreachableError } from '../model-store.js';
import { responseFile } from './response-file.js';

/**
 * A model folder at an address. A query, such as an access token, goes with every file.
 * @throws TypeError if it is no http(s) address.
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
      if (!secure) throw new Error(`${where}: the server sends on to ${response.url}, which is not https`);
      if (response.status === 404 || response.status === 410) return undefined;
      if (response.ok) {
        throw new Error(
          `${where}: the server answers with a web page, not with this file; ` +
            'many do for an address that they do not have: check it',
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
    throw new TypeError(`loadGlow: ${String(address)} is no address of a model folder`, { cause });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(
      `loadGlow: a model folder cannot be fetched from ${url.href}; it takes http or https`,
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  url.hash = '';
  return url;
}

async function request(url: URL, where: string, signal?: AbortSignal): Promise<Response> {
  try {
    // Asks the server whether a copy that the browser keeps is still right: a stale one would fail its hash.
    return await fetch(url, { cache: 'no-cache', ...(signal && { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    const hint =
      globalThis.location && url.origin !== globalThis.location.origin
        ? '; if the server runs, it has to allow this page by Access-Control-Allow-Origin'
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
          `${where}: the connection broke off after ${loaded} bytes: ${reasonOf(cause)}; load it again`,
          { cause },
        );
      }
    },
  };
}

const isPage = ({ headers }: Response) => headers.get('content-type')?.startsWith('text/html') ?? false;

/** Queries and passwords do not belong in messages. */
function withoutSecrets({ origin, pathname }: URL): string {
  return origin + pathname;
}

/** Node says only "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { message?: string } };
  return cause?.message ? `${message}: ${cause.message}` : message;
}
