import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import { sizeOf } from '@glow-onnx/flow/internal';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { parseTensors } from '../../../packages/exporter/src/import/containers/parse-tensors.js';
import { parseTensorflow } from '../../../packages/exporter/src/import/containers/tensorflow.js';
import type { Tensors } from '../../../packages/exporter/src/import/foreign-weights.js';
import { importWeights } from '../../../packages/exporter/src/import/import-weights.js';
import { latin1, op, tensorOp, torchFile } from '../../support/pickles.js';

const tensor = tensorOp([2, 2], [2, 1]);
const entry = (name: string, value: string) => [op.text(name), value] as const;
const beside = (value: string) => torchFile(op.dict(entry('w', tensor), entry('x', value)));

test('the files of these tests are read where nothing is wrong', () => {
  const { w } = parseTensors(torchFile(op.dict(entry('w', tensor))));
  expect(w).toEqual({ dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
});

describe('a call is refused by its name, before and after the weights, in both forms of file', () => {
  test.each([
    ['os.system', op.call(op.global('os', 'system'), op.text('true'))],
    ['posix.system', op.call(op.global('posix', 'system'), op.text('true'))],
    ['builtins.eval', op.call(op.global('builtins', 'eval'), op.text('1'))],
    ['builtins.getattr', op.call(op.global('builtins', 'getattr'), 'N', op.text('x'))],
    ['subprocess.Popen', op.call(op.global('subprocess', 'Popen'), op.text('true'))],
    ['torch.hub.load', op.call(`${op.text('torch.hub')}${op.text('load')}\x93`, op.text('x'))],
    ['torch._utils._rebuild_wrapper', op.call(op.global('torch._utils', '_rebuild_wrapper'))],
    ['constructor', op.call(op.global('', 'constructor'))],
    ['a.__proto__', op.call(op.global('a', '__proto__'))],
  ])('%s', (name, call) => {
    const message = new RegExp(`asks to call "\\.?${name.replaceAll('.', '\\.')}", which is refused`);
    expect(() => parseTensors(beside(call))).toThrow(message);
    expect(() => parseTensors(torchFile(op.dict(entry('x', call), entry('w', tensor))))).toThrow(message);
    const legacy = '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.';
    expect(() => parseTensors(latin1(`${legacy}\x80\x02${call}.`))).toThrow(message);
  });
});

test('an object of an unknown class is inert: only the tensors in it are read', () => {
  const state = op.dict(entry('lr', op.int(3)), entry('inner', tensor));
  const found = parseTensors(beside(op.object(op.global('os', 'system'), state)));
  expect(Object.keys(found)).toEqual(['w', 'x.inner']);
});

describe('damage and bombs', () => {
  const nested = (depth: number) => `${op.dict(entry('a', '')).slice(0, -1)}`.repeat(0) + deep(depth);
  function deep(depth: number): string {
    let value = tensor;
    for (let i = 0; i < depth; i++) value = op.dict(entry('a', value));
    return value;
  }
  /** Each dict holds the one before twice. */
  function shared(doublings: number): string {
    let value = `${tensor}q\x00`;
    for (let i = 0; i < doublings; i++) {
      const id = String.fromCharCode(i);
      value = `${value}0}(${op.text('a')}h${id}${op.text('b')}h${id}uq${String.fromCharCode(i + 1)}`;
    }
    return value;
  }
  /** A list of pairs, made once, and dicts of it. */
  const pairsAgain = (pairs: number, dicts: number) => {
    const list = Array.from({ length: pairs }, (_, i) => `${op.int(i)}N\x86`).join('');
    const again = 'h\x00h\x01R'.repeat(dicts);
    return `${op.global('collections', 'OrderedDict')}q\x000](${list}e\x85q\x010](${again}e`;
  };
  const zeros = zipSync({ 'm/data.pkl': new Uint8Array(2 ** 28) }, { level: 9 });
  const lying = zipSync({ 'm/data.pkl': strToU8('x'.repeat(5000)) }, { level: 9 });
  lying.set(
    [100, 0, 0, 0],
    lying.findIndex((_, i) => i > 0 && lying[i] === 0x50 && lying[i + 2] === 0x01) + 24,
  );

  test.each<[string, Uint8Array, RegExp]>([
    ['a tensor beyond its storage', torchFile(tensorOp([5], [1])), /ends at byte 20, but its storage has 16/],
    [
      'a tensor that begins beyond',
      torchFile(tensorOp([1], [1], { offset: 4 })),
      /from element 4 on ends at byte 20/,
    ],
    ['a negative offset', torchFile(tensorOp([1], [1], { offset: -1 })), /expected a shape with strides/],
    ['a negative stride', torchFile(tensorOp([2], [-1], { offset: 3 })), /expected a shape with strides/],
    ['a shape without strides', torchFile(tensorOp([2, 2], [1])), /expected a shape with strides/],
    [
      'one number spread over 8 GiB',
      torchFile(tensorOp([2 ** 30, 2], [0, 0])),
      /would take more than .* bytes/,
    ],
    [
      'a byte spread over 16 MiB, of float64 128',
      torchFile(tensorOp([2 ** 24], [0], { type: 'ByteStorage' })),
      /would take more than .* bytes/,
    ],
    [
      'a storage that is missing',
      torchFile(tensorOp([1], [1], { key: '../x' })),
      /data\/\.\.\/x" is missing/,
    ],
    ['a dict that holds itself', torchFile(`}q\x00${op.text('a')}h\x00s`), /contains itself/],
    [
      'an object that is its own state',
      torchFile(`${op.global('a', 'B')})\x81q\x00h\x00b`),
      /contains itself/,
    ],
    [
      'a dict of 10,000 keys that are no names, 500 times',
      torchFile(`}(${')N'.repeat(10_000)}uq\x000](${'h\x00'.repeat(500)}e`),
      /expected at most \d+ values/,
    ],
    ['a dict 100 deep', torchFile(nested(100)), /more than 64 values in each other/],
    ['a dict of 2^40 paths', torchFile(shared(40)), /expected at most \d+ (tensors|values)|would take more/],
    [
      'a name of a megabyte',
      torchFile(op.dict(entry('a'.repeat(2 ** 20), tensor))),
      /name has more than 512/,
    ],
    ['a recalled value that was not stored', torchFile('h\x07'), /recalls value 7, which was not stored/],
    ['a text longer than the file', torchFile('X\xff\xff\xff\x7fabc'), /it is cut short/],
    [
      'an integer of a million digits',
      torchFile(`\x8b\x00\x00\x10\x00${'\x01'.repeat(2 ** 20)}`),
      /an integer has 1048576/,
    ],
    [
      'one list of pairs in 500 dicts',
      torchFile(pairsAgain(3000, 500)),
      /an OrderedDict of 3000 pairs would take/,
    ],
    ['an empty stack', torchFile('00'), /takes a value that is not there/],
    ['a group that was not begun', torchFile('t'), /ends a group that was not begun/],
    ['an operation that runs code by name', torchFile('(ios\nsystem\n'), /operation 0x69, which is not read/],
    ['an extension', torchFile('\x82\x01'), /operation 0x82, which is not read/],
    [
      'five million operations in as many bytes',
      torchFile('N0'.repeat(2.5e6)),
      /operations and their values would/,
    ],
    [
      'five million operations in a large file',
      torchFile('N0'.repeat(2.5e6), { 'm/data/1': new Uint8Array(2 ** 25) }),
      /expected at most \d+ operations/,
    ],
    [
      'half a million dicts',
      torchFile('}'.repeat(5e5)),
      /a dict would take more|operations and their values would/,
    ],
    [
      'half a million objects',
      torchFile(`${op.global('a', 'B')}q\x000${'h\x00)\x81'.repeat(5e5)}`),
      /would take more than .* bytes/,
    ],
    [
      'a long text in many names of classes',
      torchFile(`${op.text('a'.repeat(2000))}q\x000${'h\x00h\x00\x93'.repeat(10)}`),
      /a name has more than 1024 characters/,
    ],
    ['256 MiB in a quarter of one', zeros, /would take more than \d+ bytes/],
    ['a size that the entry exceeds', lying, /cannot be unpacked to its 100 bytes/],
    ['big-endian numbers', torchFile(tensor, { 'm/byteorder': strToU8('big') }), /expected little-endian/],
  ])('%s end in an error', (_, bytes, message) => {
    expect(() => parseTensors(bytes)).toThrow(message);
  });
});

test.each(['constructor', 'toString', '__proto__'])('a storage of type torch.%s has no numbers', (type) => {
  expect(parseTensors(torchFile(op.dict(entry('x', tensorOp([1], [1], { type })))))).toEqual({});
});

test('few numbers do not make a large model by channels of zeros', () => {
  const spread = (...shape: number[]) =>
    tensorOp(
      shape,
      shape.map(() => 0),
    );
  const steps = Array.from({ length: 8 }, (_, step) => {
    const hidden = step === 0 ? 1024 : 4;
    const place = `flows.0.${step}.`;
    return [
      entry(`${place}actnorm.log_s`, spread(12)),
      entry(`${place}inv_conv.weight`, spread(12, 12)),
      entry(`${place}coupling.net.0.weight`, spread(hidden, 6, 3, 3)),
      entry(`${place}coupling.net.2.weight`, spread(hidden, hidden, 1, 1)),
      entry(`${place}coupling.net.4.weight`, spread(12, hidden, 3, 3)),
    ];
  });
  expect(() => importWeights(torchFile(op.dict(...steps.flat())), 'tutorial')).toThrow(
    /the weights have \d{7} numbers, but the model would have \d{7}, because all its layers get 1024 hidden/,
  );
});

/** Errors that this code makes, in contrast to those of the engine. */
const ours = /^(PyTorch|pickle|zip|npz|TensorFlow|safetensors): /;

function expectErrorOrTensors(read: () => Tensors, fileBytes: number): void {
  let tensors: Tensors;
  try {
    tensors = read();
  } catch (error) {
    const { name, message } = error as Error;
    expect(['SyntaxError', 'RangeError']).toContain(name);
    expect(message).toMatch(ours);
    return;
  }
  let bytes = 0;
  for (const { shape, data } of Object.values(tensors)) {
    expect(data).toHaveLength(sizeOf(shape));
    bytes += data.byteLength;
  }
  expect(bytes).toBeLessThanOrEqual(2 ** 26 + 16 * fileBytes);
}

describe('mutants end in an error of ours, or in tensors of a bounded size', () => {
  const folder = path.join(__dirname, '../../support/containers');
  const read = (name: string) => new Uint8Array(readFileSync(path.join(folder, name)));
  const random = createRandom(36);
  const below = (n: number) => Math.floor(random.uniform() * n);

  /** Changes, inserts, removes or repeats a few bytes, or cuts the file. */
  function mutate(bytes: Uint8Array): Uint8Array {
    let changed = [...bytes];
    for (let count = 1 + below(4); count > 0; count--) {
      const at = below(changed.length);
      const kind = below(6);
      if (kind < 2) changed[at] = below(256);
      else if (kind === 2) changed[at] ^= 1 << below(8);
      else if (kind === 3) changed.splice(at, 1 + below(4));
      else if (kind === 4) changed.splice(at, 0, ...changed.slice(at, at + 1 + below(40)));
      else if (below(10) === 0) changed = changed.slice(0, at + 1);
    }
    return Uint8Array.from(changed);
  }

  test.each([
    'torch-zip.pt',
    'torch-legacy.pt',
    'torch-checkpoint.ckpt',
    'numpy.npz',
    'numpy-compressed.npz',
  ])('150 of %s', (name) => {
    const bytes = read(name);
    for (let i = 0; i < 150; i++) expectErrorOrTensors(() => parseTensors(mutate(bytes)), bytes.length);
  });

  test.each(['torch-zip.pt', 'torch-protocol4.pt', 'torch-checkpoint.ckpt'])(
    '150 of the pickle in %s, with a right CRC-32',
    (name) => {
      const entries = unzipSync(read(name));
      const pickle = Object.keys(entries).find((entry) => entry.endsWith('data.pkl')) as string;
      for (let i = 0; i < 150; i++) {
        const bytes = zipSync({ ...entries, [pickle]: mutate(entries[pickle]) }, { level: 0 });
        expectErrorOrTensors(() => parseTensors(bytes), bytes.length);
      }
    },
  );

  test('150 of each file of a checkpoint of TensorFlow', () => {
    const [index, data] = [read('tensorflow.index'), read('tensorflow.data-00000-of-00001')];
    for (let i = 0; i < 150; i++) {
      expectErrorOrTensors(() => parseTensorflow(mutate(index), [data]), index.length + data.length);
      expectErrorOrTensors(() => parseTensorflow(index, [mutate(data)]), index.length + data.length);
    }
  });
});
