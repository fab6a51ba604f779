import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { createRandom } from '@glow-onnx/flow';
import { openMessagePipe } from '../../../packages/runtime/src/node/message-pipe.js';

/** What was sent, received in pieces of these sizes. */
function through(messages: readonly unknown[], sizeOf: () => number): unknown[] {
  const written: Uint8Array[] = [];
  const socket = Object.assign(new EventEmitter(), {
    cork() {},
    uncork() {},
    write: (bytes: Uint8Array) => written.push(Uint8Array.from(bytes)),
  }) as unknown as Socket;
  const received: unknown[] = [];
  const { send } = openMessagePipe(socket, (message) => received.push(message));
  for (const message of messages) send(message);
  const bytes = Buffer.concat(written);
  for (let at = 0; at < bytes.length; ) {
    const size = sizeOf();
    socket.emit('data', bytes.subarray(at, at + size));
    at += size;
  }
  return received;
}

const random = createRandom(1, 0);
const shared = Float32Array.from({ length: 100 }, (_, i) => i);
const messages = [
  { id: 1, call: 'encode', args: [[]], options: {} },
  'text',
  {
    views: [
      new Uint8Array(0),
      Uint8ClampedArray.of(1, 2),
      Int8Array.of(-1),
      Uint16Array.of(1, 65535),
      Int16Array.of(-2),
      Uint32Array.of(2 ** 32 - 1),
      Int32Array.of(-3),
      Float32Array.of(0.5, Number.NaN),
      Float64Array.of(Math.PI),
      BigInt64Array.of(-1n),
      BigUint64Array.of(2n ** 63n),
      new Uint8Array(0),
    ],
    part: shared.subarray(3, 7),
    buffer: Uint8Array.of(1, 2, 3).buffer,
    map: new Map([['a', Uint8Array.of(9)]]),
    nothing: undefined,
  },
  { large: Uint8Array.from({ length: 20_000 }, (_, i) => i % 251) },
  new Uint8Array(0),
  null,
];

describe('messages over a pipe', () => {
  test.each([
    ['one byte at a time', () => 1],
    ['all at once', () => 2 ** 30],
    ['in pieces of any size', () => 1 + random.below(500)],
  ])('arrive as they were sent: %s', (_, sizeOf) => {
    expect(through(messages, sizeOf)).toEqual(messages);
  });

  test('hold only the part of an array that was sent', () => {
    const [received] = through([shared.subarray(3, 7)], () => 64) as [Float32Array];
    expect([...received]).toEqual([3, 4, 5, 6]);
    expect(received.buffer.byteLength).toBe(16);
  });

  test('take a Buffer as Uint8Array', () => {
    expect(through([Buffer.from('abc')], () => 64)).toEqual([Uint8Array.of(97, 98, 99)]);
  });

  test('refuse what cannot be cloned, and send nothing of it', () => {
    expect(through([], () => 1)).toEqual([]);
    for (const bad of [() => 1, { deep: [Symbol('x')] }, new Blob(['x']), new WeakMap()]) {
      expect(() => through([Uint8Array.of(1), bad], () => 1)).toThrow(/cloned/);
    }
  });
});
