import { printable } from '@glow-onnx/flow/manifest';
import { checkInteger } from '../../check.js';
import { messageOf } from '../../message-of.js';
import { type ModelStore, type StoredFile, UnreachableError } from '../model-store.js';
import { shownAddress } from './address.js';
import { type Answer, type Get, RefusedError } from './answer.js';
import { type IdleWatch, watchIdle } from './watch-idle.js';

/** A model folder on a server. */
export interface ServerFolder extends Pick<ModelStore, 'name' | 'advice'> {
  /** The address of the folder, which ends in a slash. */
  readonly url: URL;
  /** The address of a file. Default: inside `url`. */
  urlOf?(path: string): URL;
  /** The header Authorization, for the origin of `url` alone. */
  readonly authorization: string | undefined;
  /** Sees an answer that is the file. */
  accept?(answer: Answer): void;
  /** @throws Error if it knows why an answer is not the file. */
  explain?(answer: Answer): void;
}

const defaultIdleTimeoutMs = 15_000;

/**
 * Reads a model folder on a server.
 * @throws RangeError if `idleTimeoutMs` is not a positive integer.
 */
export function serverStore(
  get: Get,
  folder: ServerFolder,
  idleTimeoutMs: number = defaultIdleTimeoutMs,
): ModelStore {
  checkInteger('loadGlow', 'idleTimeoutMs', idleTimeoutMs, 1);
  const { name, url, advice, authorization } = folder;
  const urlOf = (path: string) => {
    if (folder.urlOf) return folder.urlOf(path);
    const inside = new URL(url);
    inside.pathname += path;
    return inside;
  };
  const locate = (path: string) => shownAddress(urlOf(path));
  return {
    name,
    url: url.href,
    advice,
    locate,
    async open(path, signal) {
      const where = locate(path);
      const watch = watchIdle(idleTimeoutMs, () => idleError(where, idleTimeoutMs), signal);
      const answer = await request(get, urlOf(path), authorization, where, watch);
      if (isFile(answer)) {
        folder.accept?.(answer);
        return fileOf(answer, where, watch);
      }
      watch.end();
      answer.cancel();
      folder.explain?.(answer);
      return refuse(answer, where);
    },
  };
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
function refuse(answer: Answer, where: string): undefined {
  const { status, statusText } = answer;
  if (status === 404 || status === 410) return undefined;
  if (status === 200) {
    throw new Error(
      `${where}: the server answers with a web page, not with this file; ` +
        'many servers do this for an unknown address; check the address',
    );
  }
  const message = `${where}: the server answers ${status} ${printable(statusText.slice(0, 100))}`.trimEnd();
  if (status !== 429 && status < 500) throw new Error(message);
  const seconds = waitOf(answer);
  throw new UnreachableError(`${message}; try again ${seconds === undefined ? 'later' : `in ${seconds} s`}`);
}

/** The seconds that a server asks to wait: as `Retry-After`, or as `RateLimit: "name";r=0;t=55`. */
function waitOf({ header }: Answer): number | undefined {
  const seconds = header('retry-after')?.trim() ?? /;\s*t=(\d+)/.exec(header('ratelimit') ?? '')?.[1];
  return seconds !== undefined && /^\d{1,7}$/.test(seconds) ? Number(seconds) : undefined;
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
