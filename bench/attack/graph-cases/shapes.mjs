// Graphs with inputs, outputs and values of other names, shapes and types.
import { bytes, int, node, number, tensor, types, value } from '../onnx-writer.mjs';
import { add, conv, decode, encode, halves, honest, int64, withTensors } from './honest.mjs';

const outputs = (z0, more = [], rest = honest.outputs.slice(1)) => ({
  outputs: [value(12, 'z0', z0), ...rest, ...more],
});

export const shapes = {
  'z0 of one number': encode({
    z0: node('Conv', ['x', 'k', 'b'], ['z'], ...conv(2, 2, 0)),
    square: node('Mul', ['z', 'z'], ['square']),
    after: [node('ReduceSum', ['density', 'axes'], ['z0'], int('keepdims', 1))],
  }),
  'z0 of one number, as it says': encode({
    ...outputs(['batch', 1, 1, 1]),
    z0: node('Conv', ['x', 'k', 'b'], ['z'], ...conv(2, 2, 0)),
    square: node('Mul', ['z', 'z'], ['square']),
    after: [node('ReduceSum', ['density', 'axes'], ['z0'], int('keepdims', 1))],
  }),
  'z0 of one channel': encode({
    ...outputs(['batch', 1, 'height/2', 'width/2']),
    k: tensor('k', [1, 1, 2, 2]),
    z0: node('Conv', ['x', 'k'], ['z0'], ...conv(2, 2, 0)),
  }),
  'z0 of one channel, but it says four': encode({
    k: tensor('k', [1, 1, 2, 2]),
    z0: node('Conv', ['x', 'k'], ['z0'], ...conv(2, 2, 0)),
  }),
  'z0 of 36 channels': encode({
    ...outputs(['batch', 36, 'height/2', 'width/2']),
    k: tensor('k', [36, 1, 2, 2]),
    z0: node('Conv', ['x', 'k'], ['z0'], ...conv(2, 2, 0)),
  }),
  'z0 that is x': encode({
    ...outputs(['batch', 1, 'height', 'width']),
    z0: node('Identity', ['x'], ['z0']),
  }),
  'z0 with sides in another order': encode({ ...outputs(['batch', 4, 'width/2', 'height/2']) }),
  'z0 without a shape': encode({
    outputs: [bytes(12, bytes(1, 'z0'), bytes(2, bytes(1, number(1, 1)))), ...honest.outputs.slice(1)],
  }),
  'z0 without a type': encode({ outputs: [bytes(12, bytes(1, 'z0')), ...honest.outputs.slice(1)] }),
  'z0 of double': encode({
    outputs: [value(12, 'z0', halves, types.double), ...honest.outputs.slice(1)],
    z0: [node('Conv', ['x', 'k', 'b'], ['z'], ...conv(2, 2, 0)), node('Cast', ['z'], ['z0'], int('to', 11))],
    square: node('Mul', ['z', 'z'], ['square']),
  }),
  'z0 of float16': encode({
    outputs: [value(12, 'z0', halves, types.float16), ...honest.outputs.slice(1)],
    z0: [node('Conv', ['x', 'k', 'b'], ['z'], ...conv(2, 2, 0)), node('Cast', ['z'], ['z0'], int('to', 10))],
    square: node('Mul', ['z', 'z'], ['square']),
  }),
  'z0 of int64': encode({
    outputs: [value(12, 'z0', halves, types.int64), ...honest.outputs.slice(1)],
    z0: [node('Conv', ['x', 'k', 'b'], ['z'], ...conv(2, 2, 0)), node('Cast', ['z'], ['z0'], int('to', 7))],
    square: node('Mul', ['z', 'z'], ['square']),
  }),
  'z0 that is a constant': encode({
    ...outputs([4, 1, 2, 2]),
    z0: [node('Conv', ['x', 'k', 'b'], ['z'], ...conv(2, 2, 0)), node('Neg', ['k'], ['z0'])],
    square: node('Mul', ['z', 'z'], ['square']),
  }),
  'z0 that is an initializer': encode({
    ...outputs([4, 1, 2, 2]),
    k: tensor('z0', [4, 1, 2, 2]),
    z0: node('Conv', ['x', 'z0', 'b'], ['z'], ...conv(2, 2, 0)),
    square: node('Mul', ['z', 'z'], ['square']),
  }),
  'an output that is an input': encode(outputs(halves, [value(12, 'x', ['batch', 1, 'height', 'width'])])),
  'no log_prob': encode({ outputs: [honest.outputs[0], honest.outputs[2]] }),
  'no log_prob_levels': encode({ outputs: honest.outputs.slice(0, 2), levels: [] }),
  'log_prob of one number for the batch': encode({
    outputs: [honest.outputs[0], value(12, 'log_prob', [1]), value(12, 'log_prob_levels', [1, 1])],
    tensors: [...honest.tensors, int64('axes4', [0, 1, 2, 3])],
    logProb: [
      node('ReduceSum', ['density', 'axes4'], ['sum'], int('keepdims', 0)),
      node('Unsqueeze', ['sum', 'zero'], ['log_prob']),
    ],
  }),
  'log_prob of every pixel': encode({
    outputs: [honest.outputs[0], value(12, 'log_prob', halves), honest.outputs[2]],
    logProb: node('Identity', ['density'], ['log_prob']),
    levels: [
      node('ReduceSum', ['density', 'axes'], ['sum'], int('keepdims', 0)),
      node('Unsqueeze', ['sum', 'one'], ['log_prob_levels']),
    ],
  }),
  'one output more': encode(outputs(halves, [value(12, 'density', halves)])),
  'outputs in another order': encode({ outputs: [...honest.outputs].reverse() }),
  'an output twice': encode(outputs(halves, [value(12, 'z0', halves)])),
  'an output that nothing computes': encode(outputs(halves, [value(12, 'w0', halves)])),
  'the outputs of decode': decode(),
  'an input more': encode({ inputs: [...honest.inputs, value(11, 'mask', ['batch'])] }),
  'an input of another name': encode({
    inputs: [value(11, 'y', ['batch', 1, 'height', 'width'])],
    z0: node('Conv', ['y', 'k', 'b'], ['z0'], ...conv(2, 2, 0)),
  }),
  'an input of three channels': encode({
    inputs: [value(11, 'x', ['batch', 3, 'height', 'width'])],
    k: tensor('k', [4, 3, 2, 2]),
  }),
  'an input of fixed size': encode({
    inputs: [value(11, 'x', [1, 1, 4, 4])],
    outputs: [
      value(12, 'z0', [1, 4, 2, 2]),
      value(12, 'log_prob', [1]),
      value(12, 'log_prob_levels', [1, 1]),
    ],
  }),
  'an input of int64': encode({
    inputs: [value(11, 'x', ['batch', 1, 'height', 'width'], types.int64)],
    before: [node('Cast', ['x'], ['f'], int('to', 1))],
    z0: node('Conv', ['f', 'k', 'b'], ['z0'], ...conv(2, 2, 0)),
  }),
  'an input with a default': encode({ inputs: [...honest.inputs, value(11, 'k', [4, 1, 2, 2])] }),
  'x as an initializer': withTensors([tensor('x', [1, 1, 4, 4])]),
  'a tensor twice': withTensors([tensor('b', [4])]),
  'a value twice': add(node('Relu', ['x'], ['square'])),
  'a cycle': add(node('Add', ['x', 'b2'], ['a2']), node('Add', ['x', 'a2'], ['b2'])),
  'a node before its input': encode({
    nodes: [honest.levels, honest.logProb, honest.density, honest.square, honest.z0],
  }),
  'an input that does not exist': add(node('Relu', ['nowhere'], ['r'])),
  'a value of another shape than it says': encode({
    values: [value(13, 'square', ['batch', 5, 'height/2', 'width/2'])],
  }),
  'a value of another type than it says': encode({ values: [value(13, 'square', halves, types.double)] }),
  'a value that does not exist': encode({ values: [value(13, 'nowhere', halves)] }),
  'an extent by number and by name': encode({
    values: [
      bytes(
        13,
        bytes(1, 'square'),
        bytes(
          2,
          bytes(
            1,
            number(1, 1),
            bytes(
              2,
              ...['batch', 4, 'height/2', 'width/2'].map((d) =>
                bytes(1, number(1, 7), typeof d === 'string' ? bytes(2, d) : number(1, d)),
              ),
            ),
          ),
        ),
      ),
    ],
  }),
};

export const decodes = {
  'decode to two channels': decode({ out: ['batch', 2, 'height', 'width'], k: tensor('k', [4, 2, 2, 2]) }),
  'decode to half the height': decode({
    out: ['batch', 4, 'height/2', 'width/2'],
    nodes: [node('Identity', ['z0'], ['x'])],
  }),
  'decode without x': decode({ nodes: [node('ConvTranspose', ['z0', 'k'], ['y'], ...conv(2, 2, 0))] }),
};
