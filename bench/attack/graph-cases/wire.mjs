// Files that readers could understand differently, and numbers that overflow.
import { bytes, floats, model, node, number, tensor, types, varint } from '../onnx-writer.mjs';
import { add, conv, encode, honestGraphs, squeeze, withTensors, zeros } from './honest.mjs';

/** Nested messages from the inside out, as a depth that recursion cannot pass. */
function deepBytes(depth) {
  let inner = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) inner = bytes(1, bytes(5, bytes(6, inner)));
  return inner;
}

export const wire = {
  'no bytes': Buffer.alloc(0),
  text: Buffer.from('not a graph'),
  'a file cut in half': honestGraphs.encode.subarray(0, honestGraphs.encode.length / 2),
  'a file with a byte more': Buffer.concat([honestGraphs.encode, Buffer.from([0])]),
  'a graph twice': Buffer.concat([honestGraphs.encode, bytes(7, node('Div', ['one', 'zero'], ['trap']))]),
  'an operator twice': encode({
    z0: node('Conv', ['x', 'k', 'b'], ['z0'], bytes(4, 'Loop'), ...conv(2, 2, 0)),
  }),
  'an operator twice, the honest last': encode({
    z0: node('Loop', ['x', 'k', 'b'], ['z0'], bytes(4, 'Conv'), ...conv(2, 2, 0)),
  }),
  'a name twice': encode({
    k: tensor('nothing', [4, 1, 2, 2], { raw: floats(squeeze), more: [bytes(8, 'k')] }),
  }),
  'data twice': encode({
    k: tensor('k', [4, 1, 2, 2], { raw: floats(zeros(16)), more: [bytes(9, floats(squeeze))] }),
  }),
  'a data type twice': encode({
    k: tensor('k', [4, 1, 2, 2], { raw: floats(squeeze), more: [number(2, 1)] }),
  }),
  'an unknown field': encode({ more: [bytes(999, 'secret')] }),
  'a group': encode({ more: [varint(99 * 8 + 3), varint(99 * 8 + 4)] }),
  'field 0': encode({ more: [Buffer.from([2, 0])] }),
  'a number in too many bytes': encode({
    k: bytes(
      5,
      number(1, 4),
      number(1, 1),
      number(1, 2),
      Buffer.from([8, 0x82, 0x80, 0x00]),
      number(2, 1),
      bytes(8, 'k'),
      bytes(9, floats(squeeze)),
    ),
  }),
  'a tag in too many bytes': encode({
    k: bytes(
      5,
      Buffer.from([0x88, 0x00, 4]),
      number(1, 1),
      number(1, 2),
      number(1, 2),
      number(2, 1),
      bytes(8, 'k'),
      bytes(9, floats(squeeze)),
    ),
  }),
  'a length past the end': encode({ more: [Buffer.concat([varint(5 * 8 + 2), varint(2 ** 31 - 1)])] }),
  'a length of 2^63': encode({ more: [Buffer.concat([varint(5 * 8 + 2), varint(2n ** 63n)])] }),
  'a name that is not UTF-8': add(node('Relu', [Buffer.from('x')], [Buffer.from([0xff, 0xfe])])),
  'a name with NUL': add(node('Relu', ['x'], ['z0\0'])),
  'a name with a byte order mark': add(node('Relu', ['x'], ['\ufeffz0'])),
  'a name with escapes of a terminal': add(node('Loop', ['x'], ['\u001b[2J\u001b[31mowned'])),
  'a name of 4 MB': add(node('Relu', ['x'], ['n'.repeat(2 ** 22)])),
  'messages nested 100,000 deep': model([deepBytes(100)]),
  'messages nested 20,000 deep': model([deepBytes(20_000)]),
  'a dimension of -1': withTensors([tensor('t', [1], { raw: floats([1]), more: [number(1, -1)] })]),
  'a dimension of 2^63': withTensors([
    bytes(5, number(1, 2n ** 63n), number(2, 1), bytes(8, 't'), bytes(9, floats([1]))),
  ]),
  'dimensions whose product wraps to 1': withTensors([
    bytes(
      5,
      number(1, 2n ** 32n + 1n),
      number(1, 2n ** 32n - 1n),
      number(2, 1),
      bytes(8, 't'),
      bytes(9, floats([1])),
    ),
  ]),
  'dimensions whose product wraps to 0': withTensors([
    bytes(5, number(1, 2n ** 32n), number(1, 2n ** 32n), number(2, 1), bytes(8, 't'), bytes(9, '')),
  ]),
  'a dimension of 0': withTensors([tensor('t', [0])], [node('Neg', ['t'], ['n'])]),
  'a tensor of rank 1,000': withTensors([tensor('t', Array(1000).fill(1))]),
  'data too short': encode({ k: tensor('k', [4, 1, 2, 2], { raw: floats([1]) }) }),
  'data too long': encode({ k: tensor('k', [4, 1, 2, 2], { raw: floats(zeros(64)) }) }),
  'data of 4 GiB that are not there': withTensors([
    bytes(5, number(1, 2 ** 30), number(2, 1), bytes(8, 't'), bytes(9, '')),
  ]),
  'data as floats': encode({
    k: bytes(
      5,
      ...[4, 1, 2, 2].map((d) => number(1, d)),
      number(2, 1),
      bytes(4, floats(squeeze)),
      bytes(8, 'k'),
    ),
  }),
  'data in a segment': encode({
    k: tensor('k', [4, 1, 2, 2], {
      raw: floats(squeeze),
      more: [bytes(3, number(1, 0), number(2, 2n ** 62n))],
    }),
  }),
  'data of type 0': withTensors([tensor('t', [1], { type: 0, raw: floats([1]) })]),
  'data of type 999': withTensors([tensor('t', [1], { type: 999, raw: floats([1]) })]),
  'data of float16': withTensors([tensor('t', [1], { type: types.float16 })]),
  'data of double': withTensors([tensor('t', [1], { type: types.double })], [node('Neg', ['t'], ['n'])]),
  'IR version 3': encode({}, { header: [number(1, 3), bytes(8, number(2, 17))] }),
  'IR version 99': encode({}, { header: [number(1, 99), bytes(8, number(2, 17))] }),
  'two IR versions': encode({}, { header: [number(1, 99), number(1, 8), bytes(8, number(2, 17))] }),
  'opset 13': encode({}, { header: [number(1, 8), bytes(8, number(2, 13))] }),
  'opset 26': encode({}, { header: [number(1, 8), bytes(8, number(2, 26))] }),
  'opset 2^40': encode({}, { header: [number(1, 8), bytes(8, number(2, 2n ** 40n))] }),
  'no opset': encode({}, { header: [number(1, 8)] }),
  'two opsets': encode({}, { header: [number(1, 8), bytes(8, number(2, 17)), bytes(8, number(2, 13))] }),
};
