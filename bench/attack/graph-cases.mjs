// Hostile ONNX files by name, each a small change of an honest model of one level on grey images.
import { createHash } from 'node:crypto';
import { createConfig } from '@glow-onnx/flow';
import {
  bytes,
  entry,
  external,
  floats,
  int,
  int64s,
  ints,
  model,
  node,
  number,
  subgraph,
  tensor,
  types,
  value,
  varint,
} from './onnx-writer.mjs';

/** The config of the honest model, complete. */
export const config = createConfig({
  channels: 1,
  height: 4,
  width: 4,
  levels: 1,
  steps: 1,
  hiddenChannels: 4,
});
const text = JSON.stringify(config);
const facts = {
  producer: 'attack 0',
  config: text,
  config_sha256: createHash('sha256').update(text).digest('hex'),
  training_step: 'unknown',
  license: 'not stated',
  precision: 'fp32',
};
const metadata = Object.entries(facts).map(([key, fact]) => bytes(14, ...entry(key, fact)));

const conv = (side, stride, pad) => [
  ints('kernel_shape', [side, side]),
  ints('pads', Array(4).fill(pad)),
  ints('strides', [stride, stride]),
];
const halves = ['batch', 4, 'height/2', 'width/2'];
const squeeze = Array.from({ length: 16 }, (_, i) => Number(i % 4 === Math.floor(i / 4)));

/** The weights file of the cases with one. */
const weights = Buffer.concat([floats(squeeze), Buffer.alloc(2 ** 22)]);

const honest = {
  inputs: [value(11, 'x', ['batch', 1, 'height', 'width'])],
  outputs: [
    value(12, 'z0', halves),
    value(12, 'log_prob', ['batch']),
    value(12, 'log_prob_levels', ['batch', 1]),
  ],
  k: tensor('k', [4, 1, 2, 2], { raw: floats(squeeze) }),
  tensors: [
    tensor('b', [4], { raw: floats([0.1, 0.2, 0.3, 0.4]) }),
    tensor('half', [], { raw: floats([-0.5]) }),
    tensor('axes', [3], { type: types.int64, raw: int64s([1, 2, 3]) }),
    tensor('one', [1], { type: types.int64, raw: int64s([1]) }),
    tensor('zero', [1], { type: types.int64, raw: int64s([0]) }),
    tensor('two', [1], { type: types.int64, raw: int64s([2]) }),
  ],
  z0: node('Conv', ['x', 'k', 'b'], ['z0'], ...conv(2, 2, 0)),
  square: node('Mul', ['z0', 'z0'], ['square']),
  density: node('Mul', ['square', 'half'], ['density']),
  logProb: node('ReduceSum', ['density', 'axes'], ['log_prob'], int('keepdims', 0)),
  levels: node('Unsqueeze', ['log_prob', 'one'], ['log_prob_levels']),
};

const parts = (change) => {
  const p = { before: [], after: [], more: [], values: [], ...honest, ...change };
  const nodes = p.nodes ?? [...p.before, p.z0, p.square, p.density, p.logProb, p.levels, ...p.after].flat();
  return [...p.inputs, ...p.outputs, ...p.values, p.k, ...p.tensors, ...nodes, bytes(2, 'encode'), ...p.more];
};
/** The encode graph with these parts changed. */
const encode = (change = {}, { header, more = [] } = {}) =>
  model(parts(change), { ...(header && { header }), more: [...metadata, ...more] });

const decode = (change = {}) => {
  const p = {
    out: ['batch', 1, 'height', 'width'],
    k: tensor('k', [4, 1, 2, 2], { raw: floats(squeeze) }),
    ...change,
  };
  const nodes = p.nodes ?? [node('ConvTranspose', ['z0', 'k'], ['x'], ...conv(2, 2, 0))];
  return model([value(11, 'z0', halves), value(12, 'x', p.out), p.k, ...nodes, bytes(2, 'decode')], {
    more: metadata,
  });
};
export const honestGraphs = { encode: encode(), decode: decode() };
const honestEncode = honestGraphs.encode;

const add = (...nodes) => encode({ before: nodes });
const withTensors = (tensors, nodes = []) =>
  encode({ tensors: [...honest.tensors, ...tensors], before: nodes });
const weighted = (entries, more) => encode({ k: external('k', [4, 1, 2, 2], entries, more && { more }) });
const at = (location, offset = '0', length = '64') => ({ location, offset, length });
const int64 = (name, values, dims = [values.length]) =>
  tensor(name, dims, { type: types.int64, raw: int64s(values) });
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
/** Nested messages from the inside out, as a depth that recursion cannot pass. */
function deepBytes(depth) {
  let inner = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) inner = bytes(1, bytes(5, bytes(6, inner)));
  return inner;
}
const zeros = (n) => Array(n).fill(0);
const chain = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));

const places = {
  'external data in .env': weighted(at('.env')),
  'external data in ./.env': weighted(at('./.env')),
  'external data in a folder above': weighted(at('../secret.bin')),
  'external data at an absolute path': weighted(at('/etc/hostname', '0', '4')),
  'external data at a file address': weighted(at('file:///etc/hostname')),
  'external data at an http address': weighted(at('http://127.0.0.1:9/weights.bin')),
  'external data in the memory of the process': weighted(at('*/_ORT_MEM_ADDR_/*', '4096')),
  'external data in the manifest': weighted(at('manifest.json')),
  'external data in the other graph': weighted(at('decode.onnx')),
  'external data without a location': weighted({ offset: '0', length: '64' }),
  'external data with an empty location': weighted(at('')),
  'external data with a NUL in the location': weighted(at('weights.bin\0.env')),
  'external data with dots in the location': weighted(at('weights.bin/../weights.bin')),
  'external data with other capitals': weighted(at('WEIGHTS.BIN')),
  'external data by two locations': encode({
    k: external('k', [4, 1, 2, 2], at('weights.bin'), {
      more: [bytes(13, ...entry('location', '.env')), number(14, 1)],
    }),
  }),
  'external data by two locations, the other first': encode({
    k: external(
      'k',
      [4, 1, 2, 2],
      { location: '.env' },
      {
        more: [
          ...Object.entries(at('weights.bin')).map(([k, v]) => bytes(13, ...entry(k, v))),
          number(14, 1),
        ],
      },
    ),
  }),
  'external data past the end': weighted(at('weights.bin', String(weights.length))),
  'external data partly past the end': weighted(at('weights.bin', String(weights.length - 32))),
  'external data longer than the tensor': weighted(at('weights.bin', '0', '128')),
  'external data shorter than the tensor': weighted(at('weights.bin', '0', '32')),
  'external data at a negative offset': weighted(at('weights.bin', '-64')),
  'external data at offset 2^63 - 32': weighted(at('weights.bin', '9223372036854775776')),
  'external data at offset 2^64': weighted(at('weights.bin', '18446744073709551616')),
  'external data at a hexadecimal offset': weighted(at('weights.bin', '0x0')),
  'external data at an offset with a space': weighted(at('weights.bin', ' 0')),
  'external data with an exponent': weighted(at('weights.bin', '0', '6.4e1')),
  'external data with a checksum': weighted({ ...at('weights.bin'), checksum: '0' }),
  'external data beside data': encode({
    k: external('k', [4, 1, 2, 2], at('.env'), { more: [bytes(9, floats(squeeze)), number(14, 1)] }),
  }),
  'external data without the flag': weighted(at('.env'), [number(14, 0)]),
  'external flag 2': weighted(at('.env'), [number(14, 2)]),
  'external flag twice': weighted(at('.env'), [number(14, 0), number(14, 1)]),
  'external flag without entries': weighted({}),
  'external axes': encode({
    tensors: [
      ...honest.tensors.filter((_, i) => i !== 2),
      external('axes', [3], at('.env', '0', '24'), { type: types.int64 }),
    ],
  }),
  'external data of bytes': withTensors([external('t', [64], at('.env'), { type: types.int8 })]),
};

const control = {
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

const big = [2n ** 17n, 2n ** 16n];
const bombs = {
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
  'two hundred tensors that share the weights': encode({
    tensors: [
      ...honest.tensors,
      chain(200, (i) => external(`w${i}`, [2 ** 20], at('weights.bin', '0', String(2 ** 22)))),
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

const integers = {
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

const slice = (start, end, axis = 'one') =>
  withTensors(
    [int64('from', [start]), int64('to', [end])],
    [node('Conv', ['x', 'k', 'b'], ['y'], ...conv(2, 2, 0)), node('Slice', ['y', 'from', 'to', axis], ['s'])],
  );
const attributes = {
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

const wire = {
  'no bytes': Buffer.alloc(0),
  text: Buffer.from('not a graph'),
  'a file cut in half': honestEncode.subarray(0, honestEncode.length / 2),
  'a file with a byte more': Buffer.concat([honestEncode, Buffer.from([0])]),
  'a graph twice': Buffer.concat([honestEncode, bytes(7, node('Div', ['one', 'zero'], ['trap']))]),
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

const outputs = (z0, more = [], rest = honest.outputs.slice(1)) => ({
  outputs: [value(12, 'z0', z0), ...rest, ...more],
});
const shapes = {
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

/** @typedef {{ name: string, encode?: Buffer, decode?: Buffer, weights?: Buffer }} Case */

const groups = { ...places, ...control, ...bombs, ...integers, ...attributes, ...wire, ...shapes };
const secrets = new Set(['external data in .env', 'external data without the flag']);
const decodes = {
  'decode to two channels': decode({ out: ['batch', 2, 'height', 'width'], k: tensor('k', [4, 2, 2, 2]) }),
  'decode to half the height': decode({
    out: ['batch', 4, 'height/2', 'width/2'],
    nodes: [node('Identity', ['z0'], ['x'])],
  }),
  'decode without x': decode({ nodes: [node('ConvTranspose', ['z0', 'k'], ['y'], ...conv(2, 2, 0))] }),
};

/** Every case, and folders with a weights file beside the graph. */
export const cases = [
  ...Object.entries(groups).map(([name, encode]) => ({
    name,
    encode,
    weights: /weight|capitals/.test(name) || name in places ? weights : undefined,
  })),
  ...[...secrets].map((name) => ({ name: `${name}, no weights file`, encode: groups[name] })),
  ...Object.entries(decodes).map(([name, decode]) => ({ name, decode })),
];
