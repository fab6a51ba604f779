import { show } from '@glow-onnx/flow/internal';
import { damaged, PickleMachine } from './pickle-machine.js';
import { GlobalName, InertObject, objectBytes, type PickleReader } from './pickle-values.js';

/** An honest file has about 30 for a tensor. */
const maxOperations = 2 ** 22;
/** What an operation costs of the budget, so that their number grows with the file: a value that it makes takes less. */
const operationBytes = 128;
const STOP = 0x2e;
const newestProtocol = 5;

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
  const machine = new PickleMachine(bytes, reader, start);
  for (let count = 0; count < maxOperations; count++) {
    const code = machine.u8();
    reader.budget.take(operationBytes, 'pickle: operations and their values');
    if (code === STOP) return { value: machine.pop(), end: machine.at };
    const operation = operations.get(code);
    if (!operation) {
      throw damaged(`it has the operation 0x${code.toString(16).padStart(2, '0')}, which is not read`);
    }
    operation(machine);
  }
  throw new RangeError(`pickle: expected at most ${maxOperations} operations; save the state_dict alone`);
}

type Operation = (machine: PickleMachine) => unknown;

/** Those of protocol 2 and later, by their letter or number. */
const operations: ReadonlyMap<number, Operation> = new Map(
  (
    [
      [0x80, (m) => checkProtocol(m.u8())],
      [0x95, (m) => m.take(8)], // FRAME

      ['N', (m) => m.push(null)],
      [0x88, (m) => m.push(true)],
      [0x89, (m) => m.push(false)],
      ['J', (m) => m.push(m.i32())],
      ['K', (m) => m.push(m.u8())],
      ['M', (m) => m.push(m.u16())],
      [0x8a, (m) => m.push(m.integer(m.u8()))],
      [0x8b, (m) => m.push(m.integer(m.u32()))],
      ['G', (m) => m.push(m.f64())],
      ['U', (m) => m.push(m.text(m.u8()))],
      ['T', (m) => m.push(m.text(m.u32()))],
      ['X', (m) => m.push(m.text(m.u32()))],
      [0x8c, (m) => m.push(m.text(m.u8()))],
      [0x8d, (m) => m.push(m.text(m.u64()))],
      ['C', (m) => m.push(m.take(m.u8()))],
      ['B', (m) => m.push(m.take(m.u32()))],
      [0x8e, (m) => m.push(m.take(m.u64()))],
      [0x96, (m) => m.push(m.take(m.u64()))],

      [')', (m) => m.push([])],
      [0x85, (m) => m.pushTuple(1)],
      [0x86, (m) => m.pushTuple(2)],
      [0x87, (m) => m.pushTuple(3)],
      ['t', (m) => m.push(m.popGroup())],
      [']', (m) => m.push([])],
      ['l', (m) => m.push(m.popGroup())],
      ['a', (m) => append(m, [m.pop()])],
      ['e', (m) => append(m, m.popGroup())],
      [0x8f, (m) => m.push([])], // EMPTY_SET
      [0x90, (m) => append(m, m.popGroup())],
      [0x91, (m) => m.push(m.popGroup())],
      ['}', (m) => m.push(newDict(m))],
      ['d', (m) => m.push(setEntries(newDict(m), m.popGroup()))],
      ['s', (m) => setTop(m, [m.pop(), m.pop()].reverse())],
      ['u', (m) => setTop(m, m.popGroup())],

      ['(', (m) => m.mark()],
      ['0', (m) => m.drop()],
      ['1', (m) => m.popGroup()],
      ['2', (m) => m.push(m.top())],
      ['q', (m) => m.store(m.u8())],
      ['r', (m) => m.store(m.u32())],
      [0x94, (m) => m.store()],
      ['h', (m) => m.recall(m.u8())],
      ['j', (m) => m.recall(m.u32())],

      ['c', (m) => m.push(globalName(m.line(), m.line()))],
      [0x93, (m) => m.push(globalName(...([m.pop(), m.pop()].reverse() as [unknown, unknown])))],
      ['R', (m) => m.call()],
      [0x81, (m) => m.create()],
      [
        0x92,
        (m) => {
          m.pop();
          m.create();
        },
      ], // NEWOBJ_EX: without its named arguments
      ['b', build],
      ['Q', (m) => m.push(m.reader.persistent(m.pop()))],
    ] satisfies [string | number, Operation][]
  ).map(([code, operation]) => [typeof code === 'string' ? code.charCodeAt(0) : code, operation]),
);

function newDict({ reader }: PickleMachine): Map<unknown, unknown> {
  reader.budget.take(objectBytes, 'pickle: a dict');
  return new Map();
}

function checkProtocol(version: number): void {
  if (version > newestProtocol) throw damaged(`its protocol ${version} is newer than ${newestProtocol}`);
}

/** A few bytes can recall two long texts, whose sum is a text anew. */
const maxGlobalName = 1024;

function globalName(module: unknown, name: unknown): GlobalName {
  if (typeof name !== 'string' || typeof module !== 'string') throw damaged('a name is not a text');
  if (module.length + name.length > maxGlobalName)
    throw damaged(`a name has more than ${maxGlobalName} characters`);
  return new GlobalName(`${module}.${name}`);
}

/** Gives the object on top its state. Only inert objects keep it. */
function build(machine: PickleMachine): void {
  const state = machine.pop();
  const object = machine.top();
  if (object instanceof InertObject) object.state = state;
}

function append(machine: PickleMachine, items: readonly unknown[]): void {
  const list = machine.top();
  const target = list instanceof InertObject ? list.items : list;
  if (!Array.isArray(target)) throw damaged(`it appends to ${show(list, 40)}`);
  for (const item of items) target.push(item);
}

function setTop(machine: PickleMachine, pairs: readonly unknown[]): void {
  setEntries(machine.top(), pairs);
}

/** `pairs`: key, value, key, value … */
function setEntries(dict: unknown, pairs: readonly unknown[]): unknown {
  const target = dict instanceof InertObject ? dict.entries : dict;
  if (!(target instanceof Map) || pairs.length % 2 !== 0)
    throw damaged(`it sets entries of ${show(dict, 40)}`);
  for (let i = 0; i < pairs.length; i += 2) target.set(pairs[i], pairs[i + 1]);
  return dict;
}
