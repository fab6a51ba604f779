import { precisions } from '@glow-onnx/flow/internal';
import { encodeModel } from '@glow-onnx/graph';
import { loadGlow } from '@glow-onnx/runtime';
import { onnx } from 'onnx-proto';
import { checkGraph } from '../../../packages/runtime/src/graphs/check-graph.js';
import { createOutputCheck } from '../../../packages/runtime/src/graphs/check-outputs.js';
import { operators } from '../../../packages/runtime/src/graphs/operators.js';
import { signatureOf } from '../../../packages/runtime/src/graphs/signature.js';
import { exported } from '../../support/exported-graphs.js';
import { hostileModel, hostileNames } from '../../support/hostile-models.js';
import { listedOperators } from '../../support/listed-operators.js';
import { tinyConfig } from '../../support/tiny-config.js';
import { variants } from '../../support/variants.js';

const producer = { name: 'test', version: '1' };
const kinds = ['encode', 'decode'] as const;

/** Checks both graphs of a model, and gives the operators in them. */
function checkBoth(config: ReturnType<typeof tinyConfig>, precision: (typeof precisions)[number]): string[] {
  const { encodeGraph, decodeGraph } = exported(config, 1, undefined, precision);
  const graphs = { encode: encodeGraph, decode: decodeGraph };
  for (const kind of kinds) {
    const bytes = encodeModel(graphs[kind], { producer, metadata: { precision } });
    const { signature, metadata } = checkGraph(bytes, { kind, config, precision }, kind);
    expect(Object.keys(signature.inputs)).toEqual(graphs[kind].inputs.map(({ name }) => name));
    expect([...metadata]).toEqual([['precision', precision]]);
  }
  return kinds.flatMap((kind) => graphs[kind].nodes.map(({ operator }) => operator));
}

describe('the graphs that glow-export writes', () => {
  const seen = new Set<string>();

  test.each(variants)('pass: $name', ({ config }) => {
    for (const operator of checkBoth(config, 'fp32')) seen.add(operator);
  });

  test.each(precisions)('pass in precision %s', (precision) => {
    for (const operator of checkBoth(tinyConfig({}, 'openai'), precision)) seen.add(operator);
  });

  test('have together the operators that are checked, which are those that docs/format.md lists', () => {
    seen.add('Identity'); // for an output that is another output too, which no config here gives
    expect([...seen].sort()).toEqual(Object.keys(operators));
    expect(Object.keys(operators)).toEqual([...listedOperators].sort());
  });
});

const config = tinyConfig();
const honest = encodeModel(exported(config, 1).encodeGraph, { producer });
const path = 'onnx/encode.onnx';
const prefix = `${path} is not a graph of this model; export the model again: `;
const check = (bytes: Uint8Array, weights?: { path: string; bytes: number }) =>
  checkGraph(bytes, { kind: 'encode', config, precision: 'fp32', weights }, path);

type Graph = onnx.GraphProto;
function changed(change: (graph: Graph, model: onnx.ModelProto) => void): Uint8Array {
  const model = onnx.ModelProto.decode(honest);
  change(model.graph as Graph, model);
  return onnx.ModelProto.encode(model).finish();
}
const tensor = (graph: Graph, name: string) =>
  graph.initializer.find((one) => one.name === name) as onnx.ITensorProto;
const kernel = 'levels.0.steps.0.conv1x1.matrix';
const [floatAxes, ten] = [[1], new Uint8Array(BigInt64Array.of(13n).buffer)];

/** Places the kernel's data in a file. */
const external = (entries: Record<string, string>) =>
  changed((graph) => {
    const found = tensor(graph, kernel);
    found.rawData = undefined as never;
    found.dataLocation = 1;
    found.externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  });
const place = { location: 'weights.bin', offset: '0', length: '576' };

test('external data inside the listed weights file pass', () => {
  expect(check(external(place), { path: 'weights.bin', bytes: 576 }).signature.outputs.z0).toEqual([
    'batch',
    6,
    'height/2',
    'width/2',
  ]);
});

test.each([
  [
    'another location',
    { ...place, location: '.env' },
    /"levels.0.steps.0.conv1x1.matrix": its data are in .env/,
  ],
  ['a location in the memory', { ...place, location: '*/_ORT_MEM_ADDR_/*' }, /its data are in \*/],
  ['an end after the file', { ...place, offset: '1' }, /its data end after weights.bin, which has 576 bytes/],
  ['an offset that is not a number', { ...place, offset: '0x0' }, /not natural numbers/],
  ['an offset that wraps', { ...place, offset: '18446744073709551616' }, /not natural numbers/],
  ['a length of another tensor', { ...place, length: '572' }, /has 576 bytes, got 572/],
  ['a checksum', { ...place, checksum: '0' }, /its data are in weights.bin, expected weights.bin with/],
])('external data with %s are refused', (_, entries, message) => {
  expect(() => check(external(entries), { path: 'weights.bin', bytes: 576 })).toThrow(message);
  expect(() => check(external(entries))).toThrow(/its data are not in the graph/);
});

test.each<[string, Uint8Array, string | RegExp]>([
  [
    'another operator',
    changed((g) => {
      (g.node[0] as onnx.INodeProto).opType = 'Div';
    }),
    /node "levels.0.steps.0.conv1x1.y" \(Div\): the operator is not allowed/,
  ],
  [
    'an operator of Object.prototype',
    changed((g) => {
      (g.node[0] as onnx.INodeProto).opType = 'toString';
    }),
    /the operator is not allowed/,
  ],
  [
    'a subgraph',
    changed((g) => {
      (g.node[0] as onnx.INodeProto).attribute?.push({ name: 'body', type: 5, g: {} });
    }),
    /Conv: attributes\[3\]: body: field 6 is not allowed/,
  ],
  [
    'a domain',
    changed((g) => {
      (g.node[0] as onnx.INodeProto).domain = 'com.microsoft';
    }),
    /field 7 is not allowed/,
  ],
  [
    'another opset',
    changed((_, m) => {
      m.opsetImport = [{ domain: '', version: 18 }];
    }),
    /expected opset 17/,
  ],
  [
    'another attribute',
    changed((g) => {
      (g.node[0] as onnx.INodeProto).attribute?.push({ name: 'group', type: 2, i: 1 });
    }),
    /expected the attributes \[kernel_shape,pads,strides\], got \[group,/,
  ],
  [
    'an attribute out of range',
    changed((g) => {
      const [, pads] = (g.node[0] as onnx.INodeProto).attribute ?? [];
      (pads as onnx.IAttributeProto).ints = [9, 9, 9, 9];
    }),
    /expected a constant kernel of .*, got 2,2 2,2 9,9,9,9/,
  ],
  [
    'a transposed 3×3 convolution that grows by its border',
    changed((g) => {
      const last = g.node.find(({ output }) => output?.[0]?.includes('z0')) as onnx.INodeProto;
      const integers = (name: string, ints: number[]) => ({ name, type: 7, ints });
      g.initializer.push({ ...tensor(g, kernel), dims: [6, 6, 2, 2], name: 'wide' } as never);
      Object.assign(last, {
        opType: 'ConvTranspose',
        input: [last.input?.[0], 'wide'],
        attribute: [
          integers('kernel_shape', [3, 3]),
          integers('pads', [0, 0, 0, 0]),
          integers('strides', [1, 1]),
        ],
      });
    }),
    /expected a constant kernel of 3,3 1,1 1,1,1,1 or 2,2 2,2 0,0,0,0, got 3,3 1,1 0,0,0,0/,
  ],
  [
    'a range past the end',
    changed((g) => {
      const slice = g.node.find(({ opType }) => opType === 'Slice') as onnx.INodeProto;
      g.initializer.push({ ...tensor(g, 'int64[1]/6'), name: 'ten', rawData: ten } as never);
      slice.input = [slice.input?.[0] as string, 'int64[1]/6', 'ten', 'int64[1]/1'];
    }),
    /\(Slice\): expected a range inside axis 1 with 12 elements, got/,
  ],
  [
    'a kernel for other channels',
    changed((g) => {
      tensor(g, kernel).dims = [12, 4, 3, 1];
    }),
    /expected a constant kernel/,
  ],
  [
    'data that are too short',
    changed((g) => {
      tensor(g, kernel).dims = [12, 3, 2, 4];
    }),
    /float32 \[12,3,2,4\] has 1152 bytes, got 576/,
  ],
  [
    'extents whose product wraps',
    changed((g) => {
      tensor(g, kernel).dims = [2 ** 40, 2 ** 40, 1, 1];
    }),
    /got 576/,
  ],
  [
    'another element type',
    changed((g) => {
      tensor(g, kernel).dataType = 11;
    }),
    /element type 11 is not allowed/,
  ],
  [
    'float16 weights',
    changed((g) => {
      Object.assign(tensor(g, kernel), { dataType: 10, dims: [12, 3, 2, 4] });
    }),
    /float16 is not allowed in precision fp32/,
  ],
  [
    'a constant that grows',
    changed((g) => {
      g.node.unshift({
        opType: 'Concat',
        input: [kernel, kernel],
        output: ['twice'],
        attribute: [{ name: 'axis', type: 2, i: 1 }],
      } as never);
    }),
    /node "twice" \(Concat\): it may not be computed from constants alone/,
  ],
  [
    'a sign of a constant',
    changed((g) => {
      g.node.unshift({ opType: 'Neg', input: [kernel], output: ['minus'] } as never);
    }),
    /node "minus" \(Neg\): it may not be computed from constants alone/,
  ],
  [
    'a large constant that is used 40 times',
    changed((g) => {
      const large = { name: 'large', dataType: 1, dims: [2 ** 18], rawData: new Uint8Array(2 ** 20) };
      g.initializer.push(large as never);
      const use = (_: unknown, i: number) => ({
        opType: 'Mul',
        input: ['large', 'float32[]/2'],
        output: [`m${i}`],
      });
      g.node.unshift(...(Array.from({ length: 40 }, use) as never[]));
    }),
    /\(Mul\): weights are used more often than a model of this size needs/,
  ],
  [
    'an image that grows',
    changed((g) => {
      const names = ['x', ...Array.from({ length: 9 }, (_, i) => `c${i}`)];
      const grow = names.slice(1).map((name, i) => ({
        opType: 'Concat',
        input: [names[i], names[i]],
        output: [name],
        attribute: [{ name: 'axis', type: 2, i: 1 }],
      }));
      g.node.unshift(...(grow as never[]));
    }),
    /is larger than a model of this config needs/,
  ],
  [
    'a node too many',
    changed((g) => {
      const relu = { opType: 'Relu', input: ['x'], output: [''] };
      g.node.push(...Array.from({ length: 5000 }, () => relu as never));
    }),
    /more values than a model of this config needs/,
  ],
  [
    'a node that nothing uses',
    changed((g) => {
      g.node.push({ opType: 'Relu', input: ['x'], output: ['idle'] } as never);
    }),
    /nothing uses the value "idle"/,
  ],
  [
    'a value that is used before',
    changed((g) => {
      g.node.reverse();
    }),
    /is not defined before it/,
  ],
  [
    'a value twice',
    changed((g) => {
      g.node.push(g.node[0] as never);
    }),
    /expected a name of its own/,
  ],
  [
    'an output less',
    changed((g) => {
      g.output.pop();
    }),
    /expected the outputs z0, z1, log_prob, log_prob_levels, got z0, z1, log_prob$/,
  ],
  [
    'an output of another shape',
    changed((g) => {
      const own = g.node.find(({ output }) => output?.[0] === 'z0') as onnx.INodeProto;
      own.output = ['hidden'];
      for (const { input = [] } of g.node) {
        for (const [i, name] of (input ?? []).entries()) if (name === 'z0') input?.splice(i, 1, 'hidden');
      }
      g.node.push({ opType: 'Identity', input: ['x'], output: ['z0'] } as never);
    }),
    /output "z0": expected float32 \[batch,6,height\/2,width\/2\], got float32 \[batch,3,height,width\]/,
  ],
  [
    'a shape that is not so',
    changed((g) => {
      const shape = g.output[0]?.type?.tensorType?.shape as onnx.ITensorShapeProto;
      (shape.dim as onnx.TensorShapeProto.IDimension[])[1] = { dimValue: 7 };
    }),
    /value "z0" is float32 \[batch,6,.*\], but the file says float32 \[batch,7,/,
  ],
  [
    'an input with a default',
    changed((g) => {
      g.input.push({
        name: kernel,
        type: { tensorType: { elemType: 1, shape: { dim: floatAxes.map((dimValue) => ({ dimValue })) } } },
      } as never);
    }),
    /expected the inputs x, got x,/,
  ],
  [
    'a name that a terminal would obey',
    changed((g) => {
      (g.node[0] as onnx.INodeProto).name = '\u001b[2J';
    }),
    /expected at most 250 visible ASCII characters$/,
  ],
  ['half of the bytes', honest.subarray(0, honest.length / 2), /it is cut off/],
  ['a field twice', Uint8Array.from([...honest, 8, 8]), /irVersion: it is given twice/],
  [
    'a number in more bytes than it needs',
    Uint8Array.from([...honest.subarray(0, 1), 0x88, 0, ...honest.subarray(2)]),
    /expected an integer/,
  ],
  ['an unknown field', Uint8Array.from([...honest, 0xa2, 1, 0]), /field 20 is not allowed/],
  ['no bytes', new Uint8Array(), /expected IR version 8, got null/],
])('a graph with %s is refused, by a RangeError that names the file', (_, bytes, message) => {
  expect(() => check(bytes)).toThrow(message);
  expect(() => check(bytes)).toThrow(RangeError);
  expect(() => check(bytes)).toThrow(prefix);
});

test('no change of one byte outside of weights ends in anything but a pass or a RangeError', () => {
  for (let at = 0; at < 1000; at++) {
    const bytes = Uint8Array.from(honest);
    bytes[at * 29] = (bytes[at * 29] as number) ^ (1 << (at % 8));
    try {
      check(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      expect((error as Error).message).toMatch(prefix);
    }
  }
});

describe('loadGlow', () => {
  const faults = {
    hang: /Loop: attributes\[0\]: body: field 6 is not allowed$/,
    sigfpe: /node "z" \(SpaceToDepth\): the operator is not allowed$/,
    'read-cwd-file': /tensor "s": its data are not in the graph$/,
  };

  test.each(hostileNames)('refuses the hostile graph %s before ONNX Runtime sees it', async (name) => {
    const loading = loadGlow(hostileModel(name), { device: 'cpu' });
    await expect(loading).rejects.toThrow(RangeError);
    await expect(loading).rejects.toThrow(
      /^the given files: onnx\/encode\.onnx is not a graph of this model/,
    );
    await expect(loading).rejects.toThrow(faults[name]);
  });
});

describe('the outputs of a run', () => {
  const checkOutputs = createOutputCheck(signatureOf('decode', config));
  const of = (...shape: number[]) => ({ shape, data: new Float32Array(0) });
  const latents = { z0: of(2, 6, 4, 6), z1: of(2, 24, 2, 3) };

  test('pass if they fit batch, height and width of the inputs', () => {
    const outputs = { x: of(2, 3, 8, 12) };
    expect(checkOutputs(latents, outputs)).toBe(outputs);
  });

  test.each([
    ['of another batch', { x: of(1, 3, 8, 12) }, 'the graph gives x [1,3,8,12], expected [2,3,8,12]'],
    ['of other sides', { x: of(2, 3, 12, 8) }, 'the graph gives x [2,3,12,8], expected [2,3,8,12]'],
    ['of another rank', { x: of(576) }, 'the graph gives x [576]'],
    ['that are missing', {}, 'the graph gives x [undefined], expected [2,3,8,12]'],
    [
      'that are not expected',
      { x: of(2, 3, 8, 12), y: of(2) },
      'the graph gives y [2], expected [undefined]',
    ],
  ])('%s are refused', (_, outputs, message) => {
    expect(() => checkOutputs(latents, outputs)).toThrow(message);
  });
});

test('values that live at once are bounded by what the config needs', () => {
  const keeping = (count: number) =>
    changed((graph) => {
      const node = (opType: string, input: string[], output: string) => ({
        opType,
        input,
        output: [output],
        name: output,
      });
      const names = Array.from({ length: count }, (_, i) => `kept${i}`);
      const sums = names
        .slice(1)
        .map((name, i) => node('Add', [i ? `sum${i - 1}` : 'kept0', name], `sum${i}`));
      graph.node.unshift(...(names.map((name) => node('Neg', ['x'], name)) as onnx.NodeProto[]));
      graph.node.push(...(sums as onnx.NodeProto[]));
    });
  expect(() => check(keeping(200))).toThrow(/more values are kept at once than a model of this config needs/);
  // Few are kept; only the unused sum is refused.
  expect(() => check(keeping(4))).toThrow(/nothing uses the value "sum2"/);
});
