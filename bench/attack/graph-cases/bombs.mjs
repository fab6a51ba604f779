// Small graphs that would become large or slow.
import { bytes, floats, int, ints, node, number, tensor, types } from '../onnx-writer.mjs';
import { add, chain, conv, encode, honest, int64, withTensors, zeros } from './honest.mjs';

const big = [2n ** 17n, 2n ** 16n];

export const bombs = {
  'ConstantOfShape of 32 GiB': withTensors(
    [int64('shape', big)],
    [node('ConstantOfShape', ['shape'], ['bomb'])],
  ),
  'ConstantOfShape, used': encode({
    tensors: [...honest.tensors, int64('shape', [4, 30000, 30000, 1])],
    before: [
      node('ConstantOfShape', ['shape'], ['bomb']),
      node('ReduceSum', ['bomb', 'axes'], ['little'], int('keepdims', 0)),
    ],
    k: honest.k,
    z0: [node('Conv', ['x', 'k', 'little'], ['z0'], ...conv(2, 2, 0))],
  }),
  'Expand to 3.6 GB': encode({
    tensors: [...honest.tensors, int64('shape', [4, 30000, 30000, 1]), tensor('seed', [1])],
    before: [
      node('Expand', ['seed', 'shape'], ['bomb']),
      node('ReduceSum', ['bomb', 'axes'], ['little'], int('keepdims', 0)),
    ],
    z0: node('Conv', ['x', 'k', 'little'], ['z0'], ...conv(2, 2, 0)),
  }),
  'Pad to 3.6 GB': encode({
    tensors: [
      ...honest.tensors,
      int64('pads', [0, 0, 0, 0, 3, 29999, 29999, 0]),
      tensor('seed', [1, 1, 1, 1]),
    ],
    before: [
      node('Pad', ['seed', 'pads'], ['bomb']),
      node('ReduceSum', ['bomb', 'axes'], ['little'], int('keepdims', 0)),
    ],
    z0: node('Conv', ['x', 'k', 'little'], ['z0'], ...conv(2, 2, 0)),
  }),
  'Tile to 3.6 GB': encode({
    tensors: [...honest.tensors, int64('times', [4, 30000, 30000, 1]), tensor('seed', [1, 1, 1, 1])],
    before: [
      node('Tile', ['seed', 'times'], ['bomb']),
      node('ReduceSum', ['bomb', 'axes'], ['little'], int('keepdims', 0)),
    ],
    z0: node('Conv', ['x', 'k', 'little'], ['z0'], ...conv(2, 2, 0)),
  }),
  'Range of 2^40 numbers': withTensors(
    [int64('from', [0], []), int64('to', [2n ** 40n], []), int64('step', [1], [])],
    [node('Range', ['from', 'to', 'step'], ['bomb'])],
  ),
  'MatMul of a column and a row': encode({
    tensors: [...honest.tensors, tensor('column', [30000, 1]), tensor('row', [4, 1, 1, 30000])],
    before: [
      node('MatMul', ['column', 'row'], ['bomb']),
      node('ReduceSum', ['bomb', 'axes'], ['little'], int('keepdims', 0)),
    ],
    z0: node('Conv', ['x', 'k', 'little'], ['z0'], ...conv(2, 2, 0)),
  }),
  'Add of a column and a row': encode({
    tensors: [...honest.tensors, tensor('column', [4, 30000, 1, 1]), tensor('row', [1, 1, 30000, 1])],
    before: [
      node('Add', ['column', 'row'], ['bomb']),
      node('ReduceSum', ['bomb', 'axes'], ['little'], int('keepdims', 0)),
    ],
    z0: node('Conv', ['x', 'k', 'little'], ['z0'], ...conv(2, 2, 0)),
  }),
  'Concat that doubles a constant 28 times': encode({
    tensors: [...honest.tensors, tensor('c0', [4, 1, 1, 1])],
    before: [
      chain(28, (i) => node('Concat', [`c${i}`, `c${i}`], [`c${i + 1}`], int('axis', 1))),
      node('ReduceSum', ['c28', 'axes'], ['little'], int('keepdims', 0)),
    ],
    z0: node('Conv', ['x', 'k', 'little'], ['z0'], ...conv(2, 2, 0)),
  }),
  'Concat that doubles the image 24 times': encode({
    before: [
      node('Identity', ['x'], ['c0']),
      chain(24, (i) => node('Concat', [`c${i}`, `c${i}`], [`c${i + 1}`], int('axis', 1))),
      node('ReduceSum', ['c24', 'axes'], ['sum'], int('keepdims', 0)),
      node('Mul', ['sum', 'half'], ['sum2']),
    ],
    logProb: [
      node('ReduceSum', ['density', 'axes'], ['lp'], int('keepdims', 0)),
      node('Sub', ['sum2', 'sum2'], ['nothing']),
      node('Add', ['lp', 'nothing'], ['log_prob']),
    ],
  }),
  'four hundred images that live at once': encode({
    before: [
      chain(400, (i) => node('Neg', ['x'], [`n${i}`])),
      node('Sub', ['n0', 'n1'], ['d2']),
      chain(398, (i) => node('Mul', [`d${i + 2}`, `n${i + 2}`], [`d${i + 3}`])),
      node('ReduceSum', ['d400', 'axes'], ['nothing'], int('keepdims', 0)),
    ],
    logProb: [
      node('ReduceSum', ['density', 'axes'], ['lp'], int('keepdims', 0)),
      node('Add', ['lp', 'nothing'], ['log_prob']),
    ],
  }),
  'ConvTranspose that doubles the sides 12 times': encode({
    tensors: [...honest.tensors, tensor('up', [1, 1, 2, 2])],
    before: [
      node('Identity', ['x'], ['u0']),
      chain(12, (i) => node('ConvTranspose', [`u${i}`, 'up'], [`u${i + 1}`], ...conv(2, 2, 0))),
      node('ReduceSum', ['u12', 'axes'], ['sum'], int('keepdims', 0)),
    ],
    logProb: [
      node('ReduceSum', ['density', 'axes'], ['lp'], int('keepdims', 0)),
      node('Add', ['lp', 'sum'], ['log_prob']),
    ],
  }),
  'Neg of one constant of 4 MB, 400 times': withTensors(
    [tensor('large', [2 ** 20])],
    [chain(400, (i) => node('Neg', ['large'], [`n${i}`]))],
  ),
  'Mul of one constant of 4 MB, 400 times, used': encode({
    tensors: [...honest.tensors, tensor('large', [4, 2 ** 18, 1, 1])],
    before: [
      chain(400, (i) => node('Mul', ['large', 'half'], [`n${i}`])),
      chain(400, (i) => node('ReduceSum', [`n${i}`, 'axes'], [`s${i}`], int('keepdims', 0))),
    ],
    z0: [
      node('Add', ['s0', 's1'], ['t1']),
      chain(398, (i) => node('Add', [`t${i + 1}`, `s${i + 2}`], [`t${i + 2}`])),
      node('Conv', ['x', 'k', 't399'], ['z0'], ...conv(2, 2, 0)),
    ],
  }),
  'Cast of 4 MB of bytes, 200 times': withTensors(
    [tensor('small', [2 ** 22], { type: types.int8 })],
    [chain(200, (i) => node('Cast', ['small'], [`n${i}`], int('to', 1)))],
  ),
  'a convolution of 4 MB, 200 times': encode({
    tensors: [...honest.tensors, tensor('wide', [1024, 1, 1, 1]), tensor('square1024', [1024, 1024, 1, 1])],
    before: [
      node('Conv', ['x', 'wide'], ['v0'], ...conv(1, 1, 0)),
      chain(200, (i) => node('Conv', [`v${i}`, 'square1024'], [`v${i + 1}`], ...conv(1, 1, 0))),
      node('ReduceSum', ['v200', 'axes'], ['sum'], int('keepdims', 0)),
    ],
    logProb: [
      node('ReduceSum', ['density', 'axes'], ['lp'], int('keepdims', 0)),
      node('Add', ['lp', 'sum'], ['log_prob']),
    ],
  }),
  'OneHot of 2^33': withTensors(
    [int64('index', [1]), int64('depth', [2n ** 33n], []), tensor('offon', [2])],
    [node('OneHot', ['index', 'depth', 'offon'], ['bomb'])],
  ),
  'Resize by 2^16': withTensors(
    [tensor('seed', [1, 1, 2, 2]), tensor('scales', [4], { raw: floats([1, 1, 65536, 65536]) })],
    [node('Resize', ['seed', '', 'scales'], ['bomb'])],
  ),
  'Einsum of outer products': withTensors(
    [tensor('v', [3000])],
    [
      node(
        'Einsum',
        ['v', 'v', 'v'],
        ['bomb'],
        bytes(5, bytes(1, 'equation'), bytes(4, 'i,j,k->ijk'), number(20, 3)),
      ),
    ],
  ),
  'RandomNormal of 32 GiB': add(node('RandomNormal', [], ['bomb'], ints('shape', big))),
  'Gather of one row 2^28 times': withTensors(
    [int64('shape', [2n ** 28n]), int64('row', [0], [1])],
    [node('ConstantOfShape', ['shape'], ['rows']), node('Gather', ['b', 'rows'], ['bomb'])],
  ),
  'half a million nodes': add(chain(500_000, (i) => node('Neg', [i ? `${i - 1}` : 'x'], [`${i}`]))),
  'twenty thousand nodes': add(chain(20_000, (i) => node('Neg', [i ? `${i - 1}` : 'x'], [`${i}`]))),
  'two million empty values': encode({ values: [Buffer.alloc(4_000_000, Buffer.from([13 * 8 + 2, 0]))] }),
  'a million axes': withTensors(
    [int64('axes2', zeros(1_000_000))],
    [node('ReduceSum', ['x', 'axes2'], ['r'], int('keepdims', 0))],
  ),
  'a Concat of 100,000 inputs': add(node('Concat', Array(100_000).fill('x'), ['c'], int('axis', 1))),
};
