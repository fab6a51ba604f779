import type { StoredFile } from '../model-store.js';

/** The answer of a server to a request for a file, after redirects. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  /** The header Content-Type. */
  readonly type: string | null | undefined;
  /** A header of the answers that the origin of the address gave, of the last one that has it. Redirects are answers too. */
  header(name: string): string | undefined;
  /** The body, without its content encoding. */
  readonly file: StoredFile;
  /** Ends the connection. The body is not read any more. */
  cancel(): void;
}

export interface GetOptions {
  /** The header Authorization, for the origin of the address alone. */
  readonly authorization: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Requests a file, and follows redirects.
 * @throws RefusedError if the server redirects to where the platform does not follow; otherwise Error if no server
 *   answers.
 */
export type Get = (url: URL, options: GetOptions) => Promise<Answer>;

/** A request that must not be made. A later attempt gives the same, and a cached copy is no answer to it. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}
