import { HttpError } from './http-error.js';
import type { Limits } from './options.js';

/**
 * Reads the JSON of a request.
 * @param advice what to send, for the error.
 * @throws HttpError 413 if it may have too many values and names, 400 if it is not JSON in UTF-8.
 */
export function parseJson(
  bytes: Buffer,
  { maxJsonValues }: Pick<Limits, 'maxJsonValues'>,
  advice: string,
): unknown {
  if (hasMoreValues(bytes, maxJsonValues)) {
    throw new HttpError(
      413,
      `the request has more than ${maxJsonValues} values and names of JSON; ${advice}`,
    );
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is not JSON' : 'it is not UTF-8';
    throw new HttpError(400, `the body: ${reason}; ${advice}`);
  }
}

const [comma, colon, bracket, brace] = [0x2c, 0x3a, 0x5b, 0x7b];

/**
 * Whether JSON may have more values and names than `most`, before it is read: each value but the outermost follows a comma
 * or stands first in a list or an object, and each name has a colon. Names take the most time of all, one by one. Such
 * characters in texts count too.
 */
function hasMoreValues(bytes: Buffer, most: number): boolean {
  let values = 1;
  for (let i = 0; i < bytes.length && values <= most; i++) {
    const byte = bytes[i];
    if (byte === comma || byte === colon || byte === bracket || byte === brace) values++;
  }
  return values > most;
}
