import { printable } from '@glow-onnx/flow/manifest';
import { messageOf } from '../../message-of.js';
import { type ModelStore, type StoredFile, UnreachableError } from '../model-store.js';
import { shownAddress, takeCredentials } from './address.js';
import { type Answer, type Get, RefusedError } from './answer.js';
import { type IdleWatch, watchIdle } from './watch-idle.js';

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
}

const defaultIdleTimeoutMs = 15_000;

/**
 * Reads a model folder at an http(s) address. A query of the address, such as an access token, is sent with the
 * request of every file; a user and a password are sent as `Authorization: Basic`. No message shows them.
 * @param base the address that a relative `address` starts from.
 * @throws TypeError if `address` is not an http(s) address.
 */
export function urlStore(
  get: Get,
  address: string | URL,
  { idleTimeoutMs = defaultIdleTimeoutMs }: NetworkOptions,
  base?: string,
): ModelStore {
  const folder = folderUrl(address, base);
  const authorization = takeCredentials(folder);
  const urlOf = (path: string) => {
    const url = new URL(folder);
    url.pathname += path;
    return url;
  };
  const locate = (path: string) => shownAddress(urlOf(path));
  return {
    name: shownAddress(folder),
    url: folder.href,
    locate,
    async open(path, signal) {
      const where = locate(path);
      const watch = watchIdle(idleTimeoutMs, () => idleError(where, idleTimeoutMs), signal);
      const answer = await request(get, urlOf(path), authorization, where, watch);
      if (isFile(answer)) return fileOf(answer, where, watch);
      watch.end();
      answer.cancel();
      return refuse(answer, where);
    },
  };
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

function idleError(where: string, timeoutMs: number): UnreachableError {
  return new UnreachableError(
    `${where}: the server has sent nothing, or next to nothing, for ${timeoutMs / 1000} s; ` +
      'load the model again, or pass a larger idleTimeoutMs',
  );
}

/** Only 200 brings the whole file: 206 brings a part, 204 and 304 bring nothing. */
function isFile({ status, type }: Answer): boolean {
  return status === 200 && !type?.toLowerCase().startsWith('text/html');
}

async function request(
  get: Get,
  url: URL,
  authorization: string | undefined,
  where: string,
  watch: IdleWatch,
): Promise<Answer> {
  try {
    const answer = await get(url, { authorization, signal: watch.signal });
    watch.restart();
    return answer;
  } catch (cause) {
    watch.end();
    watch.signal.throwIfAborted();
    if (cause instanceof RefusedError) throw new Error(`${where}: ${cause.message}`);
    throw new UnreachableError(`${where} cannot be fetched: ${reasonOf(cause)}`, { cause });
  }
}

/** Undefined if the server does not have the file. @throws Error for other answers that are not the file. */
function refuse({ status, statusText }: Answer, where: string): undefined {
  if (status === 404 || status === 410) return undefined;
  if (status === 200) {
    throw new Error(
      `${where}: the server answers with a web page, not with this file; ` +
        'many servers do this for an unknown address; check the address',
    );
  }
  const answer = `${where}: the server answers ${status} ${printable(statusText.slice(0, 100))}`.trimEnd();
  throw status >= 500 ? new UnreachableError(`${answer}; try again later`) : new Error(answer);
}

function fileOf({ file, cancel }: Answer, where: string, watch: IdleWatch): StoredFile {
  return {
    size: file.size,
    cancel() {
      watch.end();
      cancel();
    },
    async *pieces() {
      let loaded = 0;
      try {
        for await (const piece of file.pieces()) {
          loaded += piece.length;
          watch.received(piece.length);
          yield piece;
        }
      } catch (cause) {
        watch.signal.throwIfAborted();
        throw new UnreachableError(
          `${where}: the connection broke off after ${loaded} bytes: ${reasonOf(cause)}; load the model again`,
          { cause },
        );
      } finally {
        watch.end();
      }
    },
  };
}

/** In Node, an error of several attempts to connect has no message of its own. */
function reasonOf(error: unknown): string {
  const { errors } = error as { errors?: readonly unknown[] };
  return printable(messageOf(error) || (errors ?? []).map(messageOf).join('; '));
}
