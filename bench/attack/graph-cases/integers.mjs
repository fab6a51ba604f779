// Integer arithmetic that ends a process, or that decides where data are read.
import { bytes, int, node, number, tensor, types } from '../onnx-writer.mjs';
import { add, int64, withTensors } from './honest.mjs';

export const integers = {
  'integer division of -2^63 by -1': withTensors(
    [int64('least', [-(2n ** 63n)]), int64('minus', [-1])],
    [node('Div', ['least', 'minus'], ['trap'])],
  ),
  'integer division by 0': withTensors([], [node('Div', ['one', 'zero'], ['trap'])]),
  'integer remainder by 0': withTensors([], [node('Mod', ['one', 'zero'], ['trap'])]),
  'integer remainder of -2^63 by -1': withTensors(
    [int64('least', [-(2n ** 63n)]), int64('minus', [-1])],
    [node('Mod', ['least', 'minus'], ['trap'])],
  ),
  'int32 division by 0': withTensors(
    [tensor('a', [1], { type: types.int32 })],
    [node('Div', ['a', 'a'], ['trap'])],
  ),
  'int8 division by 0': withTensors(
    [tensor('a', [1], { type: types.int8 })],
    [node('Div', ['a', 'a'], ['trap'])],
  ),
  'a sum of axes': withTensors([], [node('Add', ['one', 'one'], ['two2'])]),
  'axes from a cast': add(
    node('Cast', ['half'], ['cast'], int('to', 7)),
    node('Unsqueeze', ['x', 'cast'], ['u']),
  ),
  'BitShift by 64': withTensors(
    [tensor('u', [1], { type: types.uint8 })],
    [
      node(
        'BitShift',
        ['u', 'u'],
        ['shifted'],
        bytes(5, bytes(1, 'direction'), bytes(4, 'LEFT'), number(20, 3)),
      ),
    ],
  ),
};
