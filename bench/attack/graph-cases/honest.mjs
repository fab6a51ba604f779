// An honest model of one level on grey images, and ways to change it.
import { createHash } from 'node:crypto';
import { createConfig } from '@glow-onnx/flow';
import {
  bytes,
  entry,
  floats,
  int,
  int64s,
  ints,
  model,
  node,
  tensor,
  types,
  value,
} from '../onnx-writer.mjs';

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

export const conv = (side, stride, pad) => [
  ints('kernel_shape', [side, side]),
  ints('pads', Array(4).fill(pad)),
  ints('strides', [stride, stride]),
];

export const halves = ['batch', 4, 'height/2', 'width/2'];

export const squeeze = Array.from({ length: 16 }, (_, i) => Number(i % 4 === Math.floor(i / 4)));

/** The weights file of the cases with one. */
export const weights = Buffer.concat([floats(squeeze), Buffer.alloc(2 ** 22)]);

export const honest = {
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
export const encode = (change = {}, { header, more = [] } = {}) =>
  model(parts(change), { ...(header && { header }), more: [...metadata, ...more] });

export const decode = (change = {}) => {
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

export const add = (...nodes) => encode({ before: nodes });

export const withTensors = (tensors, nodes = []) =>
  encode({ tensors: [...honest.tensors, ...tensors], before: nodes });

export const int64 = (name, values, dims = [values.length]) =>
  tensor(name, dims, { type: types.int64, raw: int64s(values) });

export const zeros = (n) => Array(n).fill(0);

export const chain = (count, make) => Buffer.concat(Array.from({ length: count }, (_, i) => make(i)));

/** The entries of external data. */
export const at = (location, offset = '0', length = '64') => ({ location, offset, length });
