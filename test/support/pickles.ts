import { zipSync } from 'fflate';

/** Pieces of a pickle of protocol 2. */
export const op = {
  global: (module: string, name: string) => `c${module}\n${name}\n`,
  text: (value: string) => `X${u32(value.length)}${value}`,
  int: (value: number) => `J${u32(value)}`,
  tuple: (...items: string[]) => `(${items.join('')}t`,
  dict: (...pairs: (readonly [string, string])[]) => `}(${pairs.flat().join('')}u`,
  call: (fn: string, ...args: string[]) => `${fn}${op.tuple(...args)}R`,
  object: (cls: string, state: string) => `${cls})\x81${state}b`,
};

/** A tensor of float32 in storage 0, which the archive holds. */
export function tensorOp(
  shape: number[],
  strides: number[],
  { offset = 0, key = '0', type = 'FloatStorage' } = {},
) {
  const storage = op.tuple(
    op.text('storage'),
    op.global('torch', type),
    op.text(key),
    op.text('cpu'),
    op.int(4),
  );
  const numbers = (values: number[]) => op.tuple(...values.map(op.int));
  const rest = [
    op.int(offset),
    numbers(shape),
    numbers(strides),
    '\x89',
    op.call(op.global('collections', 'OrderedDict')),
  ];
  return op.call(op.global('torch._utils', '_rebuild_tensor_v2'), `${storage}Q`, ...rest);
}

/** A file of torch.save with this pickle and one storage of four numbers: 1, 2, 3, 4. */
export function torchFile(pickle: string, files: Record<string, Uint8Array> = {}): Uint8Array {
  const storage = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  const data = { 'm/data.pkl': latin1(`\x80\x02${pickle}.`), 'm/data/0': storage, ...files };
  return zipSync(data, { level: 0 });
}

export const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

function u32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes.toString('latin1');
}
