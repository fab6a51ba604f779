import { messageOf } from '../message-of.js';
import { hold } from './fault.js';

/** The bytes that are read, the position in them, and how many more values may be read. */
export interface Wire {
  readonly bytes: Uint8Array;
  at: number;
  left: number;
}

/**
 * How a value is read: an integer has wire type 0, a float of 4 bytes has wire type 5, the bytes from the position to
 * `end` have wire type 2.
 */
export interface Kind<T> {
  readonly wireType: 0 | 2 | 5;
  read(wire: Wire, end: number): T;
}

/** A field of a message; `value` only carries the type of what is read. */
export interface Field<Value> {
  readonly number: number;
  readonly kinds: readonly Kind<unknown>[];
  readonly repeated: boolean;
  readonly value?: Value;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type Values<F extends Fields> = { readonly [K in keyof F]: Exclude<F[K]['value'], undefined> };

/** A field that is given at most once; null if it is not given. */
export function one<T>(number: number, kind: Kind<T>): Field<T | null> {
  return { number, kinds: [kind], repeated: false };
}

/** A field that is given any number of times. */
export function many<T>(number: number, kind: Kind<T>): Field<readonly T[]> {
  return { number, kinds: [kind], repeated: true };
}

/** Integers, each in a field of its own or packed in one. */
export function integers(number: number): Field<readonly number[]> {
  return { number, kinds: [integer, packed], repeated: true };
}

/** From 0 to 2^53 − 1. */
export const integer: Kind<number> = { wireType: 0, read: readInteger };

/** A float32. */
export const float: Kind<number> = {
  wireType: 5,
  read(wire, end) {
    const { buffer, byteOffset } = bytes.read(wire, end);
    return new DataView(buffer, byteOffset, 4).getFloat32(0, true);
  },
};

const packed: Kind<readonly number[]> = {
  wireType: 2,
  read(wire, end) {
    const numbers: number[] = [];
    while (wire.at < end) {
      spend(wire);
      numbers.push(readInteger(wire, end));
    }
    return numbers;
  },
};

/** A view of bytes, not a copy. */
/** A name, so that published types do not spell out the parameter that the type has since TypeScript 5.7. */
export interface FieldBytes extends Uint8Array {}

export const bytes: Kind<FieldBytes> = {
  wireType: 2,
  read(wire, end) {
    const found = wire.bytes.subarray(wire.at, end);
    wire.at = end;
    return found;
  },
};

const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8. */
export const text: Kind<string> = {
  wireType: 2,
  read: (wire, end) => decoder.decode(bytes.read(wire, end)),
};

/** A name of at most 250 visible ASCII characters, which is safe to print. */
export const name: Kind<string> = {
  wireType: 2,
  read(wire, end) {
    hold(end - wire.at <= 250, notName);
    const found = bytes.read(wire, end);
    for (let i = 0; i < found.length; i++) {
      const byte = found[i] as number;
      hold(byte > 32 && byte < 127, notName);
    }
    return String.fromCharCode.apply(null, found as unknown as number[]);
  },
};
const notName = () => 'expected at most 250 visible ASCII characters';

/** A message with these fields and no others. Two readers of protobuf cannot understand it differently. */
export function message<F extends Fields>(fields: F): Kind<Values<F>> {
  const all = Object.entries(fields);
  const byTag = new Map(
    all.flatMap(([key, { number, kinds, repeated }]) =>
      kinds.map((kind) => [number * 8 + kind.wireType, { key, kind, repeated }] as const),
    ),
  );
  return {
    wireType: 2,
    read(wire, end) {
      const found: Record<string, unknown> = {};
      for (const [key, { repeated }] of all) found[key] = repeated ? [] : null;
      let place = '';
      try {
        while (wire.at < end) {
          place = '';
          spend(wire);
          const tag = readInteger(wire, end);
          const field = byTag.get(tag);
          if (!field) throw new RangeError(`field ${Math.floor(tag / 8)} is not allowed`);
          const { key, kind, repeated } = field;
          place = key;
          const before = found[key];
          if (!repeated && before !== null) throw new RangeError('it is given twice');
          const value = kind.read(wire, endOf(kind, wire, end));
          if (kind === packed) found[key] = (before as number[]).concat(value as number[]);
          else if (repeated) (before as unknown[]).push(value);
          else found[key] = value;
        }
      } catch (cause) {
        const list = found[place];
        if (Array.isArray(list)) place += `[${list.length}]`;
        const where = [found.operator ?? found.name, place].filter((part) => part);
        throw new RangeError([...where, messageOf(cause)].join(': '), { cause });
      }
      return found as Values<F>;
    },
  };
}

/**
 * Reads a whole message.
 * @param limit most values that may be read, which bounds time and memory.
 * @throws RangeError that names the place and the fault.
 */
export function readMessage<T>(kind: Kind<T>, bytes: Uint8Array, limit: number): T {
  return kind.read({ bytes, at: 0, left: limit }, bytes.length);
}

function spend(wire: Wire): void {
  wire.left -= 1;
  if (wire.left < 0) throw new RangeError('it has more values than a model of this config needs');
}

/** Where a value ends, or may end at the latest. */
function endOf({ wireType }: Kind<unknown>, wire: Wire, end: number): number {
  if (wireType === 0) return end;
  const length = wireType === 5 ? 4 : readInteger(wire, end);
  if (length > end - wire.at) throw new RangeError('it is cut off');
  return wire.at + length;
}

/** A number in as few bytes as it needs. */
function readInteger(wire: Wire, end: number): number {
  let value = 0;
  for (let unit = 1; unit < 2 ** 53 && wire.at < end; unit *= 128) {
    const byte = wire.bytes[wire.at++] as number;
    value += (byte & 127) * unit;
    if (byte > 127) continue;
    if (!Number.isSafeInteger(value) || (byte === 0 && unit > 1)) break;
    return value;
  }
  throw new RangeError('expected an integer from 0 to 2^53 - 1');
}
