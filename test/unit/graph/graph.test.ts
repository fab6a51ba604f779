import {
  add,
  constant,
  conv,
  exp,
  graph,
  input,
  mul,
  named,
  neg,
  relu,
  scalar,
  slice,
  symbol,
  tanh,
  type Value,
} from '@glow-onnx/graph';

const x = input('x', 'float32', [symbol('batch'), 4]);

const namesOf = (outputs: Record<string, Value>) => {
  const { nodes } = graph({ name: 'g', inputs: [x], outputs });
  return nodes.map(({ output }) => output.name);
};

describe('graph', () => {
  test('keeps only what its outputs reach', () => {
    const used = exp(x);
    tanh(used);
    const { nodes, constants } = graph({ name: 'g', inputs: [x], outputs: { y: neg(used) } });
    expect(nodes.map(({ operator }) => operator)).toEqual(['Exp', 'Neg']);
    expect(constants).toEqual([]);
  });

  test('lists nodes so that each comes after those it needs, once', () => {
    const shared = exp(x);
    const { nodes } = graph({
      name: 'g',
      inputs: [x],
      outputs: { y: add(tanh(shared), relu(shared)), z: shared },
    });
    const known = new Set(['x']);
    for (const { inputs, output } of nodes) {
      expect(inputs.filter((name) => !known.has(name))).toEqual([]);
      expect(known.has(output.name)).toBe(false);
      known.add(output.name);
    }
    expect(nodes).toHaveLength(4);
  });

  test('calls tensors by the names they were given, outputs by their key, others after what needs them', () => {
    const scale = named(exp(neg(x)), 'scale');
    expect(namesOf({ y: mul(tanh(relu(scale)), tanh(x)) })).toEqual([
      'scale/neg',
      'scale',
      'y/relu',
      'y/tanh',
      'y/tanh2',
      'y',
    ]);
  });

  test('knows a tensor by a name given to it anywhere', () => {
    const unnamed = exp(x);
    expect(namesOf({ y: add(tanh(unnamed), relu(named(unnamed, 'scale'))) })).toContain('scale');
  });

  test('gives outputs that are inputs, constants or one another a tensor of their own', () => {
    const y = exp(x);
    const { nodes, outputs } = graph({ name: 'g', inputs: [x], outputs: { a: y, b: y, c: x, d: scalar(1) } });
    expect(outputs.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
    expect(nodes.map(({ operator, inputs }) => [operator, ...inputs])).toEqual([
      ['Exp', 'x'],
      ['Identity', 'a'],
      ['Identity', 'x'],
      ['Identity', 'float32[]/1'],
    ]);
  });

  test('stores small constants of equal content once', () => {
    const { constants } = graph({
      name: 'g',
      inputs: [x],
      outputs: { y: add(mul(slice(x, 1, 1, 2), scalar(2)), mul(slice(x, 1, 2, 3), scalar(2))) },
    });
    expect(constants.map(({ name }) => name).sort()).toEqual([
      'float32[]/2',
      'int64[1]/1',
      'int64[1]/2',
      'int64[1]/3',
    ]);
  });

  test('rejects two tensors of one name', () => {
    const y = add(named(exp(x), 'same'), named(tanh(x), 'same'));
    expect(() => namesOf({ y })).toThrow('graph "g": two tensors are named "same": same [batch, 4]');
    expect(() => namesOf({ x: exp(x) })).toThrow('two tensors are named "x"');
  });

  test('rejects an input that was not listed', () => {
    const other = input('other', 'float32', [symbol('batch'), 4]);
    expect(() => namesOf({ y: add(x, other) })).toThrow('input other [batch, 4] is needed but not listed');
  });

  test('goes through chains deeper than calls may nest', () => {
    let y = x;
    for (let i = 0; i < 50_000; i++) y = neg(y);
    expect(namesOf({ y })).toHaveLength(50_000);
  });

  test('keeps an input that nothing needs in its signature', () => {
    const label = input('label', 'float32', [1]);
    expect(graph({ name: 'g', inputs: [x, label], outputs: { y: exp(x) } }).inputs).toHaveLength(2);
  });

  test('keeps the names of constants, and calls large ones without after what needs them', () => {
    const image = input('image', 'float32', [1, 4, 2, 2]);
    const weight = named(constant([1, 4, 1, 1], [1, 2, 3, 4]), 'weight');
    const unnamed = constant([1, 1, 3, 3], new Float64Array(9));
    const y = conv(conv(image, weight), unnamed, { pads: [1, 1, 1, 1] });
    const { constants } = graph({ name: 'g', inputs: [image], outputs: { y } });
    expect(constants.map(({ name }) => name)).toEqual(['weight', 'y/constant']);
  });
});
