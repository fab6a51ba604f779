import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeSafetensors, safetensorsNumbers } from '@glow-onnx/flow/internal';
import { zipSync } from 'fflate';
import { parseTensors } from '../../../packages/exporter/src/import/containers/parse-tensors.js';
import { readTensors } from '../../../packages/exporter/src/import/containers/read-tensors.js';
import type { Tensors } from '../../../packages/exporter/src/import/foreign-weights.js';
import { latin1 } from '../../support/pickles.js';
import { temporaryFolder } from './fixture.js';

const folder = path.join(__dirname, '../../support/containers');
const file = (name: string) => path.join(folder, name);
const at = temporaryFolder();

/** The numbers that bench/peers/containers.py writes: −1, −7/8, −6/8 … */
const eighths = (count: number, start = 0) => Array.from({ length: count }, (_, i) => (start + i) / 8 - 1);
const matrix = eighths(24); // 4×6
const at46 = (row: number, column: number) => matrix[row * 6 + column];

type Expected = Record<string, readonly [shape: number[], numbers: (number | undefined)[]]>;

const inTorch: Expected = {
  double: [[2, 3], eighths(6)],
  float: [[4, 6], matrix],
  part: [[2, 3], [1, 2].flatMap((row) => [2, 3, 4].map((column) => at46(row, column)))],
  transposed: [[6, 4], [0, 1, 2, 3, 4, 5].flatMap((column) => [0, 1, 2, 3].map((row) => at46(row, column)))],
  half: [[3], eighths(3)],
  bfloat: [[3], eighths(3)],
  long: [[3], [1, -2, 2 ** 40]],
  int: [[2], [1, -2]],
  byte: [[2], [0, 255]],
  flag: [[], [1]],
  scalar: [[], [0.5]],
  empty: [[0, 3], []],
  channels_last: [[1, 2, 2, 3], eighths(12)],
  parameter: [[2], eighths(2)],
};
const adam = (index: number, shape: number[], size: number): Expected => ({
  [`optimizer.state.${index}.step`]: [[], [1]],
  [`optimizer.state.${index}.exp_avg`]: [shape, Array(size).fill(0)],
  [`optimizer.state.${index}.exp_avg_sq`]: [shape, Array(size).fill(0)],
});
const conv = (prefix: string): Expected => ({
  [`${prefix}.conv.weight`]: [[2, 2, 1, 1], eighths(4)],
  [`${prefix}.conv.bias`]: [[2], eighths(2)],
});
const inCheckpoint: Expected = {
  ...conv('state_dict'),
  ...adam(0, [2, 2, 1, 1], 4),
  ...adam(1, [2], 2),
  ...conv('whole'), // the module itself was pickled
};
const inNumpy: Expected = {
  float: [[4, 6], matrix],
  column_major: [[2, 3], eighths(6)],
  half: [[3], eighths(3)],
  int: [[2], [1, -2]],
  'model/scalar': [[], [0.5]],
};
const inTensorflow: Expected = {
  global_step: [[], [7]],
  'model/0/actnorm/b': [[1, 1, 1, 4], eighths(4)],
  'model/0/actnorm/b/ExponentialMovingAverage': [[1, 1, 1, 4], eighths(4, 4)],
  'model/0/invconv/W': [[4, 4], eighths(16)],
};

function plain(tensors: Tensors): Expected {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => [
      name,
      [[...value.shape], [...safetensorsNumbers(value)]],
    ]),
  );
}

test.each<[string, Expected]>([
  ['torch-zip.pt', inTorch],
  ['torch-legacy.pt', inTorch],
  ['torch-protocol4.pt', inTorch],
  ['torch-checkpoint.ckpt', inCheckpoint],
  ['numpy.npz', inNumpy],
  ['numpy-compressed.npz', inNumpy],
  ['tensorflow.index', inTensorflow],
  ['tensorflow.data-00000-of-00001', inTensorflow],
  ['tensorflow', inTensorflow],
])('%s gives the tensors that its program wrote', async (name, expected) => {
  expect(plain(await readTensors(file(name)))).toEqual(expected);
});

test('safetensors are read as ever', async () => {
  writeFileSync(at('w'), encodeSafetensors({ a: { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) } }));
  expect(plain(await readTensors(at('w')))).toEqual({ a: [[2], [1, 2]] });
});

describe('refuses', () => {
  test('a folder', async () => {
    await expect(readTensors(folder)).rejects.toThrow(/is a folder; pass the file of weights in it/);
  });

  test('a checkpoint of TensorFlow without its data, or with less', async () => {
    copyFileSync(file('tensorflow.index'), at('t.index'));
    await expect(readTensors(at('t'))).rejects.toThrow(/t\.data-00000-of-00001 cannot be read: no such file/);
    copyFileSync(file('tensorflow.data-00000-of-00001'), at('t.data-00000-of-00001'));
    truncateSync(at('t.data-00000-of-00001'), 100);
    await expect(readTensors(at('t'))).rejects.toThrow(/lies outside its data file/);
  });

  test('a changed number in a checkpoint of TensorFlow, by its CRC-32C', async () => {
    const data = readFileSync(file('tensorflow.data-00000-of-00001'));
    data[data.indexOf(Buffer.from(Float64Array.of(-0.875).buffer))] ^= 1;
    copyFileSync(file('tensorflow.index'), at('t.index'));
    writeFileSync(at('t.data-00000-of-00001'), data);
    await expect(readTensors(at('t'))).rejects.toThrow(/has another CRC-32C than stated/);
  });

  test('a changed number in a zip archive, by its CRC-32', () => {
    const bytes = readFileSync(file('torch-zip.pt'));
    const found = bytes.indexOf(Buffer.from(Float64Array.of(-0.875).buffer));
    bytes[found] ^= 1;
    expect(() => parseTensors(bytes)).toThrow(/has another CRC-32 than stated/);
  });

  const npy = (header: string) => {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(header.length);
    return latin1(`\x93NUMPY\x01\x00${bytes.toString('latin1')}${header}${'\0'.repeat(16)}`);
  };
  test.each<[string, string, RegExp]>([
    [
      'objects',
      "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
      /arrays of Python objects are pickles/,
    ],
    [
      'big-endian numbers',
      "{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }",
      /expected little-endian/,
    ],
    ['a header of another form', "{'descr': [('a', '<f4')], 'shape': (2,)}", /expected a header with descr/],
    [
      'more than there is',
      "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }",
      /ends at byte 24, but/,
    ],
  ])('an array of numpy with %s', (_, header, message) => {
    expect(() => parseTensors(zipSync({ 'a.npy': npy(header) }, { level: 0 }))).toThrow(message);
  });

  test('a zip archive of something else', () => {
    expect(() => parseTensors(zipSync({ 'readme.txt': latin1('hello') }))).toThrow(/has no data\.pkl/);
  });
});
