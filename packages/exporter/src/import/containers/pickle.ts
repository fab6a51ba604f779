import { show } from '@glow-onnx/flow/internal';

/** The name of a Python class or function. The name is all that is known of it: nothing is ever looked up or called. */
export class GlobalName {
  constructor(readonly name: string) {}
}

/** An object of a class that the reader does not know, as inert data. */
export class InertObject {
  /** Its attributes, as the pickle gives them. */
  state: unknown;
  /** What it holds if it is a kind of dict or list. */
  readonly entries = new Map<unknown, unknown>();
  readonly items: unknown[] = [];
  constructor(readonly of: string) {}
}

/** What a reader of pickles knows beyond plain values. */
export interface PickleReader {
  /** Functions and classes that may be called, by their full name. Each computes in our code what Python would. */
  readonly calls: ReadonlyMap<string, (args: readonly unknown[]) => unknown>;
  /** The object of a persistent id, such as a storage of PyTorch. */
  persistent(id: unknown): unknown;
}

/** An honest file has about 30 for a tensor. */
const maxOperations = 2 ** 22;
/** Counters of training fit; a hostile number of a million digits would take long. */
const maxIntegerBytes = 64;

/**
 * Reads one pickle without executing anything. Plain values, lists, tuples (as arrays), sets (as arrays) and dicts (as
 * Map) become values. An object of an unknown class becomes an `InertObject`. A call of an unknown function is refused by
 * its name. Source: CPython, Lib/pickletools.py.
 * @param start where the pickle begins in the bytes.
 * @returns the value, and where the pickle ends.
 * @throws SyntaxError if the pickle is damaged, or calls or does what is not known. @throws RangeError above a limit.
 */
export function readPickle(
  bytes: Uint8Array,
  reader: PickleReader,
  start = 0,
): { value: unknown; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: unknown[] = [];
  const marks: number[] = [];
  const memo = new Map<number, unknown>();
  let at = start;

  const need = (count: number): number => {
    const from = at;
    if (!(count >= 0 && from + count <= bytes.length)) throw damaged('it is cut short');
    at += count;
    return from;
  };
  const u8 = (): number => view.getUint8(need(1));
  const u16 = (): number => view.getUint16(need(2), true);
  const u32 = (): number => view.getUint32(need(4), true);
  const u64 = (): number => Number(view.getBigUint64(need(8), true));
  const take = (length: number): Uint8Array => {
    const from = need(length);
    return bytes.subarray(from, from + length);
  };
  const text = (length: number): string => decoder.decode(take(length));
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw damaged('a line does not end');
    const found = text(end - at);
    at++;
    return found;
  };
  const pop = (): unknown => {
    if (stack.length <= (marks.at(-1) ?? 0)) throw damaged('it takes a value that is not there');
    return stack.pop();
  };
  const top = (): unknown => {
    const value = pop();
    stack.push(value);
    return value;
  };
  const popMark = (): unknown[] => {
    const from = marks.pop();
    if (from === undefined) throw damaged('it ends a group that was not begun');
    return stack.splice(from);
  };
  const popTuple = (length: number): void => {
    const values = Array.from({ length }, pop);
    stack.push(values.reverse());
  };
  const recall = (index: number): void => {
    if (!memo.has(index)) throw damaged(`it recalls value ${index}, which was not stored`);
    stack.push(memo.get(index));
  };
  const named = (value: unknown): string => {
    if (value instanceof GlobalName) return value.name;
    throw damaged(`it calls ${show(value, 40)}`);
  };
  const args = (value: unknown): readonly unknown[] => {
    if (Array.isArray(value)) return value;
    throw damaged('the arguments of a call are not a tuple');
  };
  const create = (values: readonly unknown[]): unknown => {
    const name = named(values[0]);
    return reader.calls.get(name)?.(args(values[1])) ?? new InertObject(name);
  };
  const call = (values: readonly unknown[]): unknown => {
    const name = named(values[0]);
    const known = reader.calls.get(name);
    if (known) return known(args(values[1]));
    if (harmless.has(name)) return new InertObject(name);
    throw new SyntaxError(
      `pickle: the file asks to call ${show(name)}, which is refused: nothing in a file is executed. ` +
        'If you trust the file, load it in Python and save the state_dict alone',
    );
  };

  for (let count = 0; ; count++) {
    if (count === maxOperations) {
      throw new RangeError(`pickle: expected at most ${maxOperations} operations; save the state_dict alone`);
    }
    const code = u8();
    switch (String.fromCharCode(code)) {
      case '\x80': // PROTO
        if (u8() > 5) throw damaged('its protocol is newer than 5');
        break;
      case '\x95': // FRAME
        need(8);
        break;
      case '.': // STOP
        return { value: pop(), end: at };
      case '(':
        marks.push(stack.length);
        break;
      case '0': // POP
        if (stack.length === marks.at(-1)) marks.pop();
        else pop();
        break;
      case '1': // POP_MARK
        popMark();
        break;
      case '2': // DUP
        stack.push(top());
        break;
      case 'N':
        stack.push(null);
        break;
      case '\x88':
        stack.push(true);
        break;
      case '\x89':
        stack.push(false);
        break;
      case 'J': // BININT
        stack.push(view.getInt32(need(4), true));
        break;
      case 'K':
        stack.push(u8());
        break;
      case 'M':
        stack.push(u16());
        break;
      case '\x8a': // LONG1
        stack.push(integer(take(u8())));
        break;
      case '\x8b': // LONG4
        stack.push(integer(take(u32())));
        break;
      case 'G': // BINFLOAT
        stack.push(view.getFloat64(need(8), false));
        break;
      case 'U': // SHORT_BINSTRING
      case '\x8c': // SHORT_BINUNICODE
        stack.push(text(u8()));
        break;
      case 'T': // BINSTRING
      case 'X': // BINUNICODE
        stack.push(text(u32()));
        break;
      case '\x8d':
        stack.push(text(u64()));
        break;
      case 'C': // SHORT_BINBYTES
        stack.push(take(u8()));
        break;
      case 'B':
        stack.push(take(u32()));
        break;
      case '\x8e': // BINBYTES8
      case '\x96': // BYTEARRAY8
        stack.push(take(u64()));
        break;
      case '}':
        stack.push(new Map());
        break;
      case ']':
      case ')':
      case '\x8f': // EMPTY_SET
        stack.push([]);
        break;
      case 't': // TUPLE
      case 'l': // LIST
      case '\x91': // FROZENSET
        stack.push(popMark());
        break;
      case '\x85':
        popTuple(1);
        break;
      case '\x86':
        popTuple(2);
        break;
      case '\x87':
        popTuple(3);
        break;
      case 'd': // DICT
        stack.push(setEntries(new Map(), popMark()));
        break;
      case 'a': {
        const item = pop();
        append(top(), [item]);
        break;
      }
      case 'e': // APPENDS
      case '\x90': {
        const items = popMark();
        append(top(), items);
        break;
      }
      case 's': {
        const value = pop();
        const key = pop();
        setEntries(top(), [key, value]);
        break;
      }
      case 'u': {
        const pairs = popMark();
        setEntries(top(), pairs);
        break;
      }
      case 'q':
        memo.set(u8(), top());
        break;
      case 'r':
        memo.set(u32(), top());
        break;
      case '\x94': // MEMOIZE
        memo.set(memo.size, top());
        break;
      case 'h':
        recall(u8());
        break;
      case 'j':
        recall(u32());
        break;
      case 'c': {
        const module = line();
        stack.push(new GlobalName(`${module}.${line()}`));
        break;
      }
      case '\x93': {
        const name = pop();
        const module = pop();
        if (typeof name !== 'string' || typeof module !== 'string') throw damaged('a name is not a text');
        stack.push(new GlobalName(`${module}.${name}`));
        break;
      }
      case 'R': {
        const values = pop();
        stack.push(call([pop(), values]));
        break;
      }
      case '\x81': {
        const values = pop();
        stack.push(create([pop(), values]));
        break;
      }
      case '\x92': {
        pop(); // named arguments
        const values = pop();
        stack.push(create([pop(), values]));
        break;
      }
      case 'b': {
        const state = pop();
        const object = top();
        if (object instanceof InertObject) object.state = state;
        break;
      }
      case 'Q':
        stack.push(reader.persistent(pop()));
        break;
      default:
        throw damaged(`it has the operation 0x${code.toString(16).padStart(2, '0')}, which is not read`);
    }
  }
}

/** Classes and functions whose result is plain data that no weights need. They are not called either. */
const harmless: ReadonlySet<string> = new Set([
  '_codecs.encode',
  'builtins.bytearray',
  'builtins.complex',
  'builtins.frozenset',
  'builtins.range',
  'builtins.set',
  'builtins.slice',
  '__builtin__.bytearray',
  '__builtin__.complex',
  '__builtin__.frozenset',
  '__builtin__.set',
  '__builtin__.slice',
  '__builtin__.xrange',
  'collections.Counter',
  'collections.defaultdict',
  'collections.deque',
  'copy_reg._reconstructor',
  'copyreg._reconstructor',
  'datetime.date',
  'datetime.datetime',
  'datetime.timedelta',
  'decimal.Decimal',
  'fractions.Fraction',
  'numpy.core.multiarray._reconstruct',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray._reconstruct',
  'numpy._core.multiarray.scalar',
  'numpy.dtype',
  'numpy.ndarray',
  'pathlib.Path',
  'pathlib.PosixPath',
  'pathlib.PurePosixPath',
  'pathlib.PureWindowsPath',
  'pathlib.WindowsPath',
  'torch.device',
  'torch.serialization._get_layout',
  'uuid.UUID',
]);

const decoder = new TextDecoder();

function damaged(fault: string): SyntaxError {
  return new SyntaxError(`pickle: ${fault}; the file is damaged or not a file of PyTorch`);
}

/** Two's complement, little-endian. */
function integer(bytes: Uint8Array): number | bigint {
  if (bytes.length > maxIntegerBytes) throw damaged(`an integer has ${bytes.length} bytes`);
  let value = 0n;
  for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
  const signed = BigInt.asIntN(bytes.length * 8, value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}

function append(list: unknown, items: readonly unknown[]): void {
  const target = list instanceof InertObject ? list.items : list;
  if (!Array.isArray(target)) throw damaged(`it appends to ${show(list, 40)}`);
  for (const item of items) target.push(item);
}

function setEntries(dict: unknown, pairs: readonly unknown[]): unknown {
  const target = dict instanceof InertObject ? dict.entries : dict;
  if (!(target instanceof Map) || pairs.length % 2 !== 0)
    throw damaged(`it sets entries of ${show(dict, 40)}`);
  for (let i = 0; i < pairs.length; i += 2) target.set(pairs[i], pairs[i + 1]);
  return dict;
}
