// Graphs with subgraphs, functions and kinds of values that are not theirs.
import { bytes, floats, int, int64s, node, number, subgraph, tensor, types, value } from '../onnx-writer.mjs';
import { add, conv, encode, honest, int64, withTensors } from './honest.mjs';

const always = tensor('always', [], { type: types.bool, raw: Buffer.from([1]) });

/** A Loop whose result becomes part of log_prob. */
const loop = (turns, tensors = []) =>
  encode({
    tensors: [...honest.tensors, always, ...tensors],
    logProb: [
      node('ReduceSum', ['density', 'axes'], ['sum'], int('keepdims', 0)),
      node('Loop', [turns, 'always', 'half'], ['looped'], subgraph('body', ...loopBody)),
      node('Add', ['sum', 'looped'], ['log_prob']),
    ],
  });

const loopBody = [
  value(11, 'i', [], types.int64),
  value(11, 'go', [], types.bool),
  value(11, 'v', []),
  value(12, 'go2', [], types.bool),
  value(12, 'v2', []),
  node('Identity', ['go'], ['go2']),
  node('Neg', ['v'], ['v2']),
  bytes(2, 'body'),
];

const nested = (depth) => {
  let inner = [bytes(2, 'deep')];
  for (let i = 0; i < depth; i++)
    inner = [node('If', ['c'], ['y'], subgraph('then_branch', ...inner)), bytes(2, 'deep')];
  return inner;
};

export const control = {
  'Loop without end': loop(''),
  'Loop of 2^62 turns': loop('turns', [int64('turns', [2n ** 62n], [])]),
  'Loop of 2^31 turns': loop('turns', [int64('turns', [2n ** 31n], [])]),
  If: withTensors(
    [always],
    [
      node(
        'If',
        ['always'],
        ['if'],
        subgraph('then_branch', node('Identity', ['x'], ['t']), value(12, 't', [1]), bytes(2, 't')),
        subgraph('else_branch', node('Identity', ['x'], ['e']), value(12, 'e', [1]), bytes(2, 'e')),
      ),
    ],
  ),
  Scan: add(
    node(
      'Scan',
      ['x'],
      ['scan'],
      subgraph(
        'body',
        value(11, 'row', [1]),
        value(12, 'copy', [1]),
        node('Identity', ['row'], ['copy']),
        bytes(2, 'b'),
      ),
      int('num_scan_inputs', 1),
    ),
  ),
  'If nested 90 deep': add(node('If', ['x'], ['if'], subgraph('then_branch', ...nested(90)))),
  'If nested 3000 deep': add(node('If', ['x'], ['if'], subgraph('then_branch', ...nested(3000)))),
  'a function of the model': encode(
    { before: [node('Twice', ['x'], ['twice'], bytes(7, 'own'))] },
    {
      header: [number(1, 8), bytes(8, bytes(1, ''), number(2, 17)), bytes(8, bytes(1, 'own'), number(2, 1))],
      more: [
        bytes(
          25,
          bytes(1, 'Twice'),
          bytes(4, 'a'),
          bytes(5, 'b'),
          bytes(7, bytes(3, 'b'), bytes(1, 'a'), bytes(1, 'a'), bytes(2, 'b'), bytes(4, 'Add')),
          bytes(9, number(2, 17)),
          bytes(10, 'own'),
        ),
      ],
    },
  ),
  'a function that calls itself': encode(
    { before: [node('Self', ['x'], ['self'], bytes(7, 'own'))] },
    {
      header: [number(1, 8), bytes(8, number(2, 17)), bytes(8, bytes(1, 'own'), number(2, 1))],
      more: [
        bytes(
          25,
          bytes(1, 'Self'),
          bytes(4, 'a'),
          bytes(5, 'b'),
          bytes(7, bytes(1, 'a'), bytes(2, 'b'), bytes(4, 'Self'), bytes(7, 'own')),
          bytes(9, bytes(1, 'own'), number(2, 1)),
          bytes(10, 'own'),
        ),
      ],
    },
  ),
  'a training graph': encode({}, { more: [bytes(20, bytes(1, bytes(2, 'start')))] }),
  'an operator of com.microsoft': add(
    node(
      'FusedConv',
      ['x', 'k', 'b'],
      ['fused'],
      bytes(7, 'com.microsoft'),
      bytes(5, bytes(1, 'activation'), bytes(4, 'Relu'), number(20, 3)),
      ...conv(2, 2, 0),
    ),
  ),
  'an operator of ai.onnx.ml': add(node('Binarizer', ['x'], ['binary'], bytes(7, 'ai.onnx.ml'))),
  'an operator of a domain without name': add(node('Nothing', ['x'], ['nothing'])),
  'a reference to an attribute': add(
    node('Concat', ['x'], ['c'], bytes(5, bytes(1, 'axis'), bytes(21, 'axis'), number(20, 2))),
  ),
  'a sequence': add(node('SequenceConstruct', ['x', 'x'], ['sequence'])),
  'an optional': add(node('Optional', ['x'], ['optional'])),
  'a sparse tensor': encode({
    more: [
      bytes(
        15,
        bytes(1, number(1, 1), number(2, 1), bytes(8, 'sparse'), bytes(9, floats([1]))),
        bytes(2, number(1, 1), number(2, 7), bytes(8, 'at'), bytes(9, int64s([5]))),
        number(3, 2n ** 40n),
      ),
    ],
  }),
  'a tensor of text': withTensors([bytes(5, number(1, 1), number(2, 8), bytes(6, 'text'), bytes(8, 'text'))]),
  'a node Constant': add(
    node(
      'Constant',
      [],
      ['c'],
      bytes(5, bytes(1, 'value'), bytes(5, number(1, 1), number(2, 1), bytes(9, floats([1]))), number(20, 4)),
    ),
  ),
  'a quantization annotation': encode({ more: [bytes(14, bytes(1, 'x'))] }),
};
