import { crc32 } from './crc32.js';

// The library compiles without the types of Node and browsers; both have this class.
declare class TextEncoder {
  encode(text: string): Uint8Array;
}

/**
 * The checksum that a JSON file of ours states about its other fields: `crc32:` and 8 digits. The text is that of these
 * fields in their order, as JSON.stringify writes them without spaces. It finds damage, of which a file cannot have a
 * hash inside itself that a forger could not replace.
 * @example checksumOf({ a: 1 }); // crc32:561bacaf
 */
export function checksumOf(facts: unknown): string {
  const crc = crc32(new TextEncoder().encode(JSON.stringify(facts)));
  return `crc32:${crc.toString(16).padStart(8, '0')}`;
}
