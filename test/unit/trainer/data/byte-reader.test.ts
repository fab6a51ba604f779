import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { readBytes } from '../../../../packages/trainer/src/data/byte-reader.js';
import { temporaryFolder } from './files.js';

const { write } = temporaryFolder();
const zeros = (count: number) => new Uint8Array(count);
const text = Buffer.from('some text');

async function unpack(...parts: Uint8Array[]): Promise<Buffer> {
  const reader = await readBytes(write('file.gz', Buffer.concat(parts)));
  return Buffer.from(await reader.take(Number.POSITIVE_INFINITY));
}

/** Bytes whose packed form has this length. They are not compressed, so packing adds some tens of bytes. */
function packedTo(length: number): { bytes: Buffer; packed: Buffer } {
  for (let size = length - 40; ; size++) {
    const bytes = randomBytes(size);
    const packed = gzipSync(bytes, { level: 0 });
    if (packed.length === length) return { bytes, packed };
  }
}

test.each([1, 511, 512, 2 ** 16, 2 ** 20])(
  '%d zeros after the end of gzip data are padding',
  async (count) => {
    expect(await unpack(gzipSync(text), zeros(count))).toEqual(text);
  },
);

test.each([-1, 0, 1])('padding may begin %d bytes from the end of a piece that is read', async (offset) => {
  const { bytes, packed } = packedTo(2 ** 16 + offset);
  expect((await unpack(packed, zeros(2 ** 17))).equals(bytes)).toBe(true);
  await expect(unpack(packed, zeros(2 ** 16), Buffer.of(7))).rejects.toThrow(
    `other bytes than zeros after the end of its gzip data, at byte ${2 ** 17 + offset}`,
  );
  await expect(unpack(packed, text)).rejects.toThrow('cannot be unpacked by gzip; download it again');
});

test('the members of a file follow each other, and all of them count', async () => {
  const { bytes, packed } = packedTo(2 ** 16);
  const unpacked = await unpack(packed, gzipSync(text), zeros(100));
  expect(unpacked.equals(Buffer.concat([bytes, text]))).toBe(true);
});

test.each([
  ['other bytes after it', [gzipSync(text), Buffer.from('rest')], 'cannot be unpacked by gzip'],
  ['zeros and other bytes after it', [gzipSync(text), zeros(9), text], 'at byte '],
  ['a member after zeros', [gzipSync(text), zeros(9), gzipSync(text)], 'at byte '],
  ['no end', [gzipSync(text).subarray(0, -3)], 'cannot be unpacked by gzip'],
  ['a wrong checksum', [gzipSync(text).subarray(0, -8), zeros(8)], 'cannot be unpacked by gzip'],
])('gzip data with %s is an error that names the file', async (_, parts, message) => {
  const failed = unpack(...parts);
  await expect(failed).rejects.toThrow(message);
  await expect(failed).rejects.toThrow(/^data: .*file\.gz /);
});
