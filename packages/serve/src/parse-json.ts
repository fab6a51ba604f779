import { checkJson } from './check-limits.js';
import { HttpError } from './http-error.js';
import type { Limits } from './options.js';

/**
 * Reads the JSON of a request.
 * @param advice what to send, for the error.
 * @throws HttpError 413 if it is too long, 400 if it is not JSON in UTF-8.
 */
export function parseJson(bytes: Buffer, limits: Pick<Limits, 'maxJsonBytes'>, advice: string): unknown {
  checkJson(limits, bytes.length);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not JSON' : 'it is not UTF-8';
    throw new HttpError(400, `the body: ${reason}; ${advice}`);
  }
}
