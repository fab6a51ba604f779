import { shownAddress } from '../folder/stores/address.js';
import { type Answer, type GetOptions, RefusedError } from '../folder/stores/answer.js';
import { responseFile } from '../folder/stores/response-file.js';
import { messageOf } from '../message-of.js';

/** Requests a file with fetch, which follows redirects by its own rules. */
export async function get(url: URL, { authorization, signal }: GetOptions): Promise<Answer> {
  const response = await request(url, { signal, ...(authorization && { headers: { authorization } }) });
  const cancel = () => void response.body?.cancel().catch(() => undefined);
  if (url.protocol === 'https:' && response.url.startsWith('http:')) {
    cancel();
    throw new RefusedError(`the server redirects to ${shownAddress(response.url)}, which is not https`);
  }
  const { status, statusText, headers } = response;
  const isElsewhere = response.redirected && new URL(response.url).origin !== url.origin;
  return {
    status,
    statusText,
    type: headers.get('content-type'),
    header: (name) => (isElsewhere ? undefined : (headers.get(name) ?? undefined)),
    file: responseFile(response),
    cancel,
  };
}

async function request(url: URL, options: RequestInit): Promise<Response> {
  try {
    // The browser asks the server whether its own copy is still current: an old copy would not match its hash.
    return await fetch(url, { cache: 'no-cache', ...options });
  } catch (cause) {
    if (url.origin === globalThis.location.origin) throw cause;
    throw new Error(
      `${messageOf(cause)}; if the server runs, it must allow this page with the header Access-Control-Allow-Origin`,
      { cause },
    );
  }
}
