import { zipSync } from 'fflate';
import { crc32c, maskedCrc32c } from '../../../packages/exporter/src/import/containers/crc32c.js';
import { parseTensors } from '../../../packages/exporter/src/import/containers/parse-tensors.js';
import { parseTensorflow } from '../../../packages/exporter/src/import/containers/tensorflow.js';

/** Files that name the same bytes again and again, so that a small one would take long to read. */
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** A block of a sorted table with its trailer. */
function block(entries: readonly (readonly [key: string, value: Uint8Array])[]): Buffer {
  const parts = entries.flatMap(([key, value]) => [
    ...[0, key.length, value.length].map(varint),
    Buffer.from(key),
    value,
  ]);
  const bytes = Buffer.concat([...parts, u32(0), u32(1), Buffer.of(0)]);
  return Buffer.concat([bytes, u32(maskedCrc32c(crc32c(bytes)))]);
}

/** An index of TensorFlow whose only block of entries is named `times` times. */
function index(entries: readonly (readonly [key: string, value: Uint8Array])[], times = 1): Uint8Array {
  const data = block([['', Buffer.of(8, 1)], ...entries]);
  const handle = Buffer.concat([varint(0), varint(data.length - 5)]);
  const handles = block(Array.from({ length: times }, (_, i) => [String(i), handle] as const));
  const footer = Buffer.alloc(48);
  Buffer.concat([varint(0), varint(0), varint(data.length), varint(handles.length - 5)]).copy(footer);
  Buffer.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb).copy(footer, 40);
  return Buffer.concat([data, handles, footer]);
}

const shard = new Uint8Array(16);

/** The entry of float32 numbers in the first `size` bytes of the shard. */
function tensorEntry(
  extents: readonly number[],
  size: number,
  sum = crc32c(shard.subarray(0, size)),
): Buffer {
  const shape = Buffer.concat(extents.map((extent) => Buffer.of(0x12, 2, 8, extent)));
  const head = [
    Buffer.of(8, 1, 18),
    varint(shape.length),
    shape,
    Buffer.of(40),
    varint(size),
    Buffer.of(0x35),
  ];
  return Buffer.concat([...head, u32(maskedCrc32c(sum))]);
}

test('an index of these tests is read where nothing is wrong', () => {
  const found = parseTensorflow(index([['w', tensorEntry([2, 2], 16)]]), [shard]);
  expect(found).toEqual({ w: { dtype: 'F32', shape: [2, 2], data: new Float32Array(4) } });
});

test('a tensor of TensorFlow has as many bytes as its shape', () => {
  expect(() => parseTensorflow(index([['w', tensorEntry([0], 16)]]), [shard])).toThrow(
    /"w": \[0\] takes 0 bytes, but the index states 16/,
  );
});

test('tensors of TensorFlow that share bytes are paid for before they are summed', () => {
  const large = new Uint8Array(2 ** 22);
  const entries = Array.from({ length: 25 }, (_, i) => {
    // The budget has room for 16 of them. A wrong sum of the next one would be another error.
    const extents = Array.from({ length: 20 }, () => 2);
    return [String.fromCharCode(97 + i), tensorEntry(extents, 2 ** 22, i < 16 ? crc32c(large) : 0)] as const;
  });
  expect(() => parseTensorflow(index(entries), [large])).toThrow(/would take more than \d+ bytes/);
});

test('a tensor of TensorFlow has at most 64 axes', () => {
  const ones = Array.from({ length: 65 }, () => 1);
  expect(() => parseTensorflow(index([['w', tensorEntry(ones, 4)]]), [shard])).toThrow(
    /at most 64 axes, got 65/,
  );
});

test('the blocks of an index share no bytes', () => {
  const twice = index([['w', tensorEntry([2, 2], 16)]], 2);
  expect(() => parseTensorflow(twice, [shard])).toThrow(/blocks of the index share bytes/);
});

test('the entries of a zip archive share no bytes', () => {
  const bytes = Buffer.from(
    zipSync({ 'a.npy': new Uint8Array(50), 'b.npy': new Uint8Array(50) }, { level: 0 }),
  );
  const second = bytes.lastIndexOf(u32(0x02014b50));
  bytes.writeUInt32LE(40, second + 42); // inside the first
  expect(() => parseTensors(bytes)).toThrow(/"b\.npy" shares bytes with another/);
});
