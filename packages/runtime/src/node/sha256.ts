import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

const pieceBytes = 64 * 2 ** 20;

/**
 * The sha256 of bytes, in hex. WebCrypto is not used, because Node 20 and 22 limit it to 256 MiB. One update takes
 * less than 2 GiB and blocks the thread, so the bytes go in pieces.
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (at > 0) await setImmediate();
    hash.update(bytes.subarray(at, at + pieceBytes));
  }
  return hash.digest('hex');
}
