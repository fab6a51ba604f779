import type { OwnBytes } from '@glow-onnx/flow/internal';

/** The sha256 of bytes, in hex. Pages without a secure context, such as http://192.168.1.2, have no WebCrypto. */
export async function sha256(bytes: OwnBytes): Promise<string> {
  const digest = globalThis.crypto?.subtle
    ? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    : (await import('@noble/hashes/sha2.js')).sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
