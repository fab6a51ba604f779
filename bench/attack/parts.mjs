// Image files put together and taken apart, byte by byte.
import { crc32 } from 'node:zlib';

/** A PNG of chunks { type, data }. `crc` changes a chunk's checksum. `end` follows the last chunk. */
export function assemblePng(chunks, end = Buffer.alloc(0)) {
  const parts = chunks.map(({ type, data, crc = 0 }) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [head, tail] = [Buffer.alloc(4), Buffer.alloc(4)];
    head.writeUInt32BE(data.length);
    tail.writeUInt32BE((crc32(body) ^ crc) >>> 0);
    return Buffer.concat([head, body, tail]);
  });
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts, end]);
}

/** A segment of a JPEG. */
export function segment(marker, data) {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

/** The position of the last of these markers, each at its first place. */
export function find(bytes, ...markers) {
  return Math.max(...markers.map((marker) => bytes.indexOf(Buffer.from([0xff, marker]))));
}

export function insertAt(bytes, at, ...parts) {
  return Buffer.concat([bytes.subarray(0, at), ...parts, bytes.subarray(at)]);
}

/** A copy with one byte changed. */
export function change(bytes, at, value) {
  return Object.assign(Buffer.from(bytes), { [at]: value });
}
