import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether the header Authorization carries the token. The time that it takes says nothing about the token. */
export function createTokenCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(token);
  return (authorization = '') => {
    const [, given = ''] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    return timingSafeEqual(digest(given), expected);
  };
}

/** Digests have one length, whatever the length of the texts. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
