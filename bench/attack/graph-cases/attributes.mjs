// Operators with attributes and inputs out of range.
import { bytes, floats, int, ints, node, number, varint } from '../onnx-writer.mjs';
import { add, conv, encode, int64, withTensors, zeros } from './honest.mjs';

const slice = (start, end, axis = 'one') =>
  withTensors(
    [int64('from', [start]), int64('to', [end])],
    [node('Conv', ['x', 'k', 'b'], ['y'], ...conv(2, 2, 0)), node('Slice', ['y', 'from', 'to', axis], ['s'])],
  );

export const attributes = {
  'Slice backwards': slice(3, 1),
  'Slice past the end': slice(0, 5),
  'Slice from -2^63': slice(-(2n ** 63n), 2),
  'Slice to 2^63 - 1': slice(0, 2n ** 63n - 1n),
  'Slice of nothing': slice(2, 2),
  'Slice of the batch': slice(0, 1, 'zero'),
  'Slice by steps of 0': withTensors([], [node('Slice', ['x', 'zero', 'one', 'one', 'zero'], ['s'])]),
  'Unsqueeze at axis 2^62': withTensors(
    [int64('far', [2n ** 62n])],
    [node('Unsqueeze', ['x', 'far'], ['u'])],
  ),
  'ReduceSum over axis 7': withTensors(
    [int64('seven', [7])],
    [node('ReduceSum', ['x', 'seven'], ['r'], int('keepdims', 0))],
  ),
  'ReduceSum over one axis twice': withTensors(
    [int64('twice', [1, 1])],
    [node('ReduceSum', ['x', 'twice'], ['r'], int('keepdims', 0))],
  ),
  'Concat along axis 2^40': add(node('Concat', ['x', 'x'], ['c'], int('axis', 2n ** 40n))),
  'Concat along axis -1': add(node('Concat', ['x', 'x'], ['c'], int('axis', -1))),
  'Conv of 0 groups': encode({
    z0: node('Conv', ['x', 'k', 'b'], ['z0'], int('group', 0), ...conv(2, 2, 0)),
  }),
  'Conv of -1 groups': encode({
    z0: node('Conv', ['x', 'k', 'b'], ['z0'], int('group', -1), ...conv(2, 2, 0)),
  }),
  'Conv with strides of 0': encode({
    z0: node(
      'Conv',
      ['x', 'k', 'b'],
      ['z0'],
      ints('kernel_shape', [2, 2]),
      ints('pads', zeros(4)),
      ints('strides', [0, 0]),
    ),
  }),
  'Conv with strides of 2^40': encode({
    z0: node(
      'Conv',
      ['x', 'k', 'b'],
      ['z0'],
      ints('kernel_shape', [2, 2]),
      ints('pads', zeros(4)),
      ints('strides', [2n ** 40n, 2n ** 40n]),
    ),
  }),
  'Conv with pads of 2^31': add(
    node(
      'Conv',
      ['x', 'k', 'b'],
      ['padded'],
      ints('kernel_shape', [2, 2]),
      ints('pads', Array(4).fill(2n ** 31n)),
      ints('strides', [2, 2]),
    ),
  ),
  'Conv with pads of 20,000': add(
    node(
      'Conv',
      ['x', 'k', 'b'],
      ['padded'],
      ints('kernel_shape', [2, 2]),
      ints('pads', Array(4).fill(20_000)),
      ints('strides', [1, 1]),
    ),
    node('ReduceSum', ['padded', 'axes'], ['r'], int('keepdims', 0)),
  ),
  'Conv with another kernel_shape': encode({
    z0: node(
      'Conv',
      ['x', 'k', 'b'],
      ['z0'],
      ints('kernel_shape', [3, 3]),
      ints('pads', zeros(4)),
      ints('strides', [2, 2]),
    ),
  }),
  'Conv with a kernel_shape of nothing': encode({
    z0: node(
      'Conv',
      ['x', 'k', 'b'],
      ['z0'],
      ints('kernel_shape', []),
      ints('pads', zeros(4)),
      ints('strides', [2, 2]),
    ),
  }),
  'Conv with dilations': encode({
    z0: node('Conv', ['x', 'k', 'b'], ['z0'], ints('dilations', [2 ** 20, 2 ** 20]), ...conv(2, 2, 0)),
  }),
  'Conv with auto_pad': encode({
    z0: node(
      'Conv',
      ['x', 'k', 'b'],
      ['z0'],
      bytes(5, bytes(1, 'auto_pad'), bytes(4, 'SAME_UPPER'), number(20, 3)),
      ints('strides', [2, 2]),
    ),
  }),
  'ConvTranspose with an output_shape of 2^20': add(
    node('ConvTranspose', ['x', 'k2'], ['large'], ints('output_shape', [2 ** 20, 2 ** 20])),
  ),
  'Relu with an attribute NaN': add(
    node(
      'Relu',
      ['x'],
      ['r'],
      bytes(5, bytes(1, 'alpha'), Buffer.concat([varint(2 * 8 + 5), floats([Number.NaN])]), number(20, 1)),
    ),
  ),
  'HardSigmoid with NaN': add(
    node(
      'HardSigmoid',
      ['x'],
      ['h'],
      bytes(5, bytes(1, 'alpha'), Buffer.concat([varint(2 * 8 + 5), floats([Number.NaN])]), number(20, 1)),
    ),
  ),
  'an attribute of the wrong kind': encode({
    logProb: node(
      'ReduceSum',
      ['density', 'axes'],
      ['log_prob'],
      bytes(5, bytes(1, 'keepdims'), number(3, 0), number(20, 7)),
    ),
  }),
  'an attribute twice': encode({
    logProb: node('ReduceSum', ['density', 'axes'], ['log_prob'], int('keepdims', 0), int('keepdims', 1)),
  }),
  'an attribute without a kind': encode({
    logProb: node(
      'ReduceSum',
      ['density', 'axes'],
      ['log_prob'],
      bytes(5, bytes(1, 'keepdims'), number(3, 0)),
    ),
  }),
  'a missing attribute': encode({ logProb: node('ReduceSum', ['density', 'axes'], ['log_prob']) }),
  'a Cast to 999': add(node('Cast', ['x'], ['c'], int('to', 999))),
  'a Cast to text': add(node('Cast', ['x'], ['c'], int('to', 8))),
  'a Cast to int64': add(node('Cast', ['x'], ['c'], int('to', 7))),
  'Identity of nothing': add(node('Identity', [], ['i'])),
  'Identity with two outputs': add(node('Identity', ['x'], ['i', 'j'])),
  'Add of nothing': add(node('Add', ['x', ''], ['a'])),
};
