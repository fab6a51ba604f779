import type { Socket } from 'node:net';
import { Deserializer, Serializer } from 'node:v8';

/** Messages in both directions over a pipe between two processes. */
export interface MessagePipe {
  /** @throws Error if a part of the message, such as a function, cannot be sent. */
  send(message: unknown): void;
}

/**
 * Sends values as structured clones. The bytes of typed arrays go beside the value, and are read into their own memory
 * piece by piece. So a result of 200 MB holds up the receiver's other events for 30 ms at most; the channel of
 * `child_process.fork` takes 550 ms (docs/decisions/0019-workers-are-processes.md).
 *
 * A message is: the bytes of the value and the number of arrays, as two uint32; the bytes of each array, as float64;
 * the value; the arrays.
 */
export function openMessagePipe(socket: Socket, receive: (message: unknown) => void): MessagePipe {
  const targets = readMessages(receive);
  let target = targets.next().value;
  let filled = 0;
  socket.on('data', (chunk: Uint8Array) => {
    let read = 0;
    while (read < chunk.length) {
      const part = chunk.subarray(read, read + target.length - filled);
      target.set(part, filled);
      read += part.length;
      filled += part.length;
      while (filled === target.length) {
        target = targets.next().value;
        filled = 0;
        if (target.length > 0) break;
      }
    }
  });
  return {
    send(message) {
      const { value, arrays } = pack(message);
      socket.cork();
      socket.write(bytesOf(Uint32Array.of(value.length, arrays.length)));
      socket.write(bytesOf(Float64Array.from(arrays, ({ byteLength }) => byteLength)));
      socket.write(value);
      for (const array of arrays) socket.write(bytesOf(array));
      socket.uncork();
    },
  };
}

/** Gives the memory to fill next, message by message. */
function* readMessages(receive: (message: unknown) => void): Generator<Uint8Array, never, void> {
  for (;;) {
    const sizes = new Uint32Array(2);
    yield bytesOf(sizes);
    const lengths = new Float64Array(sizes[1] as number);
    yield bytesOf(lengths);
    const value = new Uint8Array(sizes[0] as number);
    yield value;
    const arrays: ArrayBuffer[] = [];
    for (const length of lengths) {
      const array = new Uint8Array(length);
      yield array;
      arrays.push(array.buffer);
    }
    receive(unpack(value, arrays));
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

type Kind = keyof typeof kinds;
const kinds = {
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
} as const;
const names = Object.keys(kinds) as Kind[];

/** The members of a Serializer for objects that V8 leaves to its user. The types of Node do not have them. */
interface HostObjects {
  _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
}

function pack(message: unknown): { readonly value: Uint8Array; readonly arrays: readonly ArrayBufferView[] } {
  const arrays: ArrayBufferView[] = [];
  const serializer = new Serializer() as Serializer & HostObjects;
  Object.assign(serializer, {
    _writeHostObject(object: object) {
      const kind = ArrayBuffer.isView(object) ? names.indexOf(kindOf(object)) : -1;
      if (kind < 0) throw new TypeError(`${object.constructor?.name ?? 'an object'} cannot be cloned`);
      serializer.writeUint32(kind);
      serializer.writeUint32(arrays.push(object as ArrayBufferView) - 1);
    },
  });
  serializer._setTreatArrayBufferViewsAsHostObjects(true);
  serializer.writeHeader();
  serializer.writeValue(message);
  return { value: serializer.releaseBuffer(), arrays };
}

/** `Uint8Array` also for a Buffer. */
function kindOf(view: ArrayBufferView): Kind {
  return Object.prototype.toString.call(view).slice('[object '.length, -1) as Kind;
}

function unpack(value: Uint8Array, arrays: readonly ArrayBuffer[]): unknown {
  const deserializer = new Deserializer(value);
  Object.assign(deserializer, {
    _readHostObject() {
      const View = kinds[names[deserializer.readUint32()] as Kind] as Uint8ArrayConstructor;
      return new View(arrays[deserializer.readUint32()] as ArrayBuffer);
    },
  });
  deserializer.readHeader();
  return deserializer.readValue();
}
