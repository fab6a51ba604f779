import { show } from '@glow-onnx/flow/internal';
import { GlobalName, harmless, InertObject, objectBytes, type PickleReader } from './pickle-values.js';

const decoder = new TextDecoder();
/** Counters of training fit; a hostile number of a million digits would take long. */
const maxIntegerBytes = 64;

/** What the operations of a pickle work on: the bytes, a stack with marks in it, and stored values. */
export class PickleMachine {
  /** The position in the bytes. */
  at: number;
  private readonly view: DataView;
  private readonly stack: unknown[] = [];
  /** Heights of the stack where groups begin. */
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(
    private readonly bytes: Uint8Array,
    readonly reader: PickleReader,
    start: number,
  ) {
    this.at = start;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private skip(count: number): number {
    const from = this.at;
    if (!(from + count <= this.bytes.length)) throw damaged('it is cut short');
    this.at += count;
    return from;
  }

  u8 = (): number => this.view.getUint8(this.skip(1));
  u16 = (): number => this.view.getUint16(this.skip(2), true);
  u32 = (): number => this.view.getUint32(this.skip(4), true);
  i32 = (): number => this.view.getInt32(this.skip(4), true);
  u64 = (): number => Number(this.view.getBigUint64(this.skip(8), true));
  f64 = (): number => this.view.getFloat64(this.skip(8), false);

  take(length: number): Uint8Array {
    const from = this.skip(length);
    return this.bytes.subarray(from, from + length);
  }

  text(length: number): string {
    return decoder.decode(this.take(length));
  }

  /** A text up to the end of the line. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw damaged('a line does not end');
    const found = this.text(end - this.at);
    this.at++;
    return found;
  }

  /** Two's complement, little-endian. */
  integer(length: number): number | bigint {
    if (length > maxIntegerBytes) throw damaged(`an integer has ${length} bytes`);
    let value = 0n;
    for (const byte of this.take(length).toReversed()) value = (value << 8n) | BigInt(byte);
    const signed = BigInt.asIntN(length * 8, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) throw damaged('it takes a value that is not there');
    return this.stack.pop();
  }

  top(): unknown {
    const value = this.pop();
    this.stack.push(value);
    return value;
  }

  mark(): void {
    this.marks.push(this.stack.length);
  }

  /** Removes the top value, or the mark if it is there. */
  drop(): void {
    if (this.stack.length === this.marks.at(-1)) this.marks.pop();
    else this.pop();
  }

  popGroup(): unknown[] {
    const from = this.marks.pop();
    if (from === undefined) throw damaged('it ends a group that was not begun');
    return this.stack.splice(from);
  }

  pushTuple(length: number): void {
    this.push(Array.from({ length }, () => this.pop()).reverse());
  }

  store(index = this.memo.size): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.memo.has(index)) throw damaged(`it recalls value ${index}, which was not stored`);
    this.push(this.memo.get(index));
  }

  /** Replaces a name and arguments by the object: of a class that is not known, as inert data. */
  create(): void {
    const { name, args } = this.popCall();
    const known = this.reader.calls.get(name);
    this.push(known ? known(args, this.reader.budget) : this.inert(name));
  }

  /** Replaces a name and arguments by the result. @throws SyntaxError for a function that is not known. */
  call(): void {
    const { name, args } = this.popCall();
    const known = this.reader.calls.get(name);
    if (!known && !harmless.has(name)) {
      throw new SyntaxError(
        `pickle: the file asks to call ${show(name)}, which is refused: nothing in a file is executed. ` +
          'If you trust the file, load it in Python and save the state_dict alone',
      );
    }
    this.push(known ? known(args, this.reader.budget) : this.inert(name));
  }

  private inert(name: string): InertObject {
    this.reader.budget.take(objectBytes, 'pickle: an object');
    return new InertObject(name);
  }

  private popCall(): { name: string; args: readonly unknown[] } {
    const args = this.pop();
    const callee = this.pop();
    if (!(callee instanceof GlobalName)) throw damaged(`it calls ${show(callee, 40)}`);
    if (!Array.isArray(args)) throw damaged('the arguments of a call are not a tuple');
    return { name: callee.name, args };
  }
}

/** An error about a pickle. */
export function damaged(fault: string): SyntaxError {
  return new SyntaxError(`pickle: ${fault}; the file is damaged or not a file of PyTorch`);
}
