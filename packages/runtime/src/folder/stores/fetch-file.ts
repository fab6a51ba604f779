import { printable } from '@glow-onnx/flow/manifest';
import { messageOf } from '../../message-of.js';
import { type StoredFile, UnreachableError } from '../model-store.js';
import { type Answer, type Get, RefusedError } from './answer.js';
import { type IdleWatch, watchIdle } from './watch-idle.js';

const defaultIdleTimeoutMs = 15_000;

export interface FetchOptions {
  /** The file in messages; undefined if the caller names it. */
  readonly where?: string | undefined;
  /** What to do after a failure that a later attempt may not have, such as `load the model again`. */
  readonly retry: string;
  /** The header Authorization, for the origin of the address alone. */
  readonly authorization: string | undefined;
  /** Default 15,000. */
  readonly idleTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Sees an answer that is the file. */
  readonly accept?: ((answer: Answer) => void) | undefined;
  /** @throws Error if it knows why an answer is not the file. */
  readonly explain?: ((answer: Answer) => void) | undefined;
}

/**
 * Requests a file, and gives up a server that sends nothing, or next to nothing.
 * @returns the file, whose pieces come as they are read; undefined if the server does not have it.
 * @throws UnreachableError if the server cannot be reached, fails or breaks off; Error for any answer that is not the
 *   file; `signal.reason` when aborted.
 */
export async function fetchFile(get: Get, url: URL, options: FetchOptions): Promise<StoredFile | undefined> {
  const { authorization, idleTimeoutMs = defaultIdleTimeoutMs, signal } = options;
  const watch = watchIdle(idleTimeoutMs, () => idleError(idleTimeoutMs, options), signal);
  const answer = await request(get, url, authorization, watch, options);
  if (isFile(answer)) {
    options.accept?.(answer);
    return fileOf(answer, watch, options);
  }
  watch.end();
  answer.cancel();
  options.explain?.(answer);
  return refuse(answer, options);
}

/** `name: `, before a sentence about the server. */
function beside({ where }: FetchOptions): string {
  return where === undefined ? '' : `${where}: `;
}

function idleError(timeoutMs: number, options: FetchOptions): UnreachableError {
  return new UnreachableError(
    `${beside(options)}the server has sent nothing, or next to nothing, for ${timeoutMs / 1000} s; ` +
      `${options.retry}, or pass a larger idleTimeoutMs`,
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
  watch: IdleWatch,
  options: FetchOptions,
): Promise<Answer> {
  try {
    const answer = await get(url, { authorization, signal: watch.signal });
    watch.restart();
    return answer;
  } catch (cause) {
    watch.end();
    watch.signal.throwIfAborted();
    if (cause instanceof RefusedError) throw new Error(`${beside(options)}${cause.message}`);
    throw new UnreachableError(`${options.where ?? 'it'} cannot be fetched: ${reasonOf(cause)}`, { cause });
  }
}

/** Undefined if the server does not have the file. @throws Error for other answers that are not the file. */
function refuse(answer: Answer, options: FetchOptions): undefined {
  const { status, statusText } = answer;
  if (status === 404 || status === 410) return undefined;
  if (status === 200) {
    throw new Error(
      `${beside(options)}the server answers with a web page, not with this file; ` +
        'many servers do this for an unknown address; check the address',
    );
  }
  const message =
    `${beside(options)}the server answers ${status} ${printable(statusText.slice(0, 100))}`.trimEnd();
  if (status !== 429 && status < 500) throw new Error(message);
  const seconds = waitOf(answer);
  throw new UnreachableError(`${message}; try again ${seconds === undefined ? 'later' : `in ${seconds} s`}`);
}

/** The seconds that a server asks to wait: as `Retry-After`, or as `RateLimit: "name";r=0;t=55`. */
function waitOf({ header }: Answer): number | undefined {
  const seconds = header('retry-after')?.trim() ?? /;\s*t=(\d+)/.exec(header('ratelimit') ?? '')?.[1];
  return seconds !== undefined && /^\d{1,7}$/.test(seconds) ? Number(seconds) : undefined;
}

function fileOf({ file, cancel }: Answer, watch: IdleWatch, options: FetchOptions): StoredFile {
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
          `${beside(options)}the connection broke off after ${loaded} bytes: ${reasonOf(cause)}; ${options.retry}`,
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
