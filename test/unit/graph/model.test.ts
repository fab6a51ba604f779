import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  add,
  constant,
  conv,
  createWeightsFile,
  decodeModel,
  encodeModel,
  graph,
  input,
  named,
  reduceSum,
  relu,
  reshape,
  slice,
  symbol,
  type Value,
} from '@glow-onnx/graph';
import { convTranspose, type WeightsFile } from '@glow-onnx/graph/internal';
import { onnx } from 'onnx-proto';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { checkerTest, checkWithOnnx } from '../../support/onnx-checker.js';
import { producer } from '../../support/run-graph.js';

const data = Float64Array.from({ length: 8 * 3 * 4 * 4 }, (_, i) => Math.sin(i) / 7);
const kernel = named(constant([8, 3, 2, 2], data.slice(0, 96)), 'kernel');
const large = () =>
  named(
    constant(
      [8, 8, 3, 3],
      Float64Array.from({ length: 576 }, (_, i) => Math.cos(i)),
    ),
    'large',
  );
const x = input('x', 'float32', [symbol('batch'), 3, symbol('height'), symbol('width')]);

/** Something of everything: convolutions, slices, sums, two outputs, docs. */
function example() {
  const h = conv(x, kernel, { strides: [2, 2], bias: constant([8], data.slice(0, 8)) });
  const y = conv(relu(h), large(), { pads: [1, 1, 1, 1] });
  return graph({
    name: 'example',
    doc: 'A graph for tests.',
    inputs: [x],
    outputs: { image: convTranspose(y, kernel), total: reduceSum(slice(add(h, y), 1, 2, 5), [1, 2, 3]) },
    docs: { x: 'an image', total: 'its sum' },
  });
}

/** Another graph that needs the same large kernel, made anew. */
function sibling() {
  const z = input('z', 'float32', [symbol('batch'), 8, symbol('height'), symbol('width')]);
  return graph({ name: 'sibling', inputs: [z], outputs: { y: conv(z, large(), { pads: [1, 1, 1, 1] }) } });
}

function contentOf(weights: WeightsFile): Buffer {
  return Buffer.concat([...weights.chunks()]);
}

describe('encodeModel', () => {
  test('writes opset 17, IR 8, names, docs, metadata and symbolic sizes', () => {
    const model = decodeModel(encodeModel(example(), { producer, metadata: { license: 'MIT' } }));
    expect(model).toMatchObject({ irVersion: 8, opset: 17, producer: 'test', metadata: { license: 'MIT' } });
    expect(model.graph).toMatchObject({ name: 'example', doc: 'A graph for tests.' });
    expect(model.graph.inputs).toEqual([
      { name: 'x', doc: 'an image', dtype: 'float32', shape: ['batch', 3, 'height', 'width'] },
    ]);
    expect(model.graph.outputs).toEqual([
      { name: 'image', doc: '', dtype: 'float32', shape: ['batch', 3, 'height', 'width'] },
      { name: 'total', doc: 'its sum', dtype: 'float32', shape: ['batch'] },
    ]);
    expect(model.graph.nodes.find(({ name }) => name === 'image')).toMatchObject({
      operator: 'ConvTranspose',
      attributes: { kernel_shape: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] },
    });
  });

  test('writes bytes that onnx-proto reads and would write itself', () => {
    const bytes = encodeModel(example(), {
      producer,
      metadata: { a: 'b' },
      weights: createWeightsFile('w.bin'),
    });
    const model = onnx.ModelProto.decode(bytes);
    expect(onnx.ModelProto.verify(model)).toBeNull();
    expect(Buffer.from(onnx.ModelProto.encode(model).finish()).equals(bytes)).toBe(true);
    expect(model.graph?.node?.map(({ opType }) => opType)).toEqual(example().nodes.map((n) => n.operator));
    const kernel = model.graph?.initializer?.find(({ name }) => name === 'large');
    expect(kernel?.dataLocation).toBe(onnx.TensorProto.DataLocation.EXTERNAL);
    expect(model.graph?.node?.[0]?.attribute?.map(({ type }) => type)).toContain(
      onnx.AttributeProto.AttributeType.INTS,
    );
  });

  test('rounds constants to float32 once, when they are written', () => {
    const third = graph({
      name: 'g',
      inputs: [x],
      outputs: { y: add(x, reshape(constant([1], [1 / 3]), [])) },
    });
    const { initializers } = decodeModel(encodeModel(third, { producer })).graph;
    const bytes = initializers[0].data as Uint8Array;
    expect(new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true)).toBe(Math.fround(1 / 3));
  });

  test('refuses what a protobuf message cannot hold, before it makes it', () => {
    const data = new Float64Array(2 ** 26); // 256 MiB of float32, eight times
    const square = input('x', 'float32', [2 ** 13, 2 ** 13]);
    const sum = Array.from({ length: 8 }).reduce<Value>(
      (y) => add(y, constant(square.shape as number[], data)),
      square,
    );
    const huge = graph({ name: 'huge', inputs: [square], outputs: { y: sum } });
    expect(() => encodeModel(huge, { producer })).toThrow(
      /^model: the weights of "huge" have 2147483648 bytes, expected at most 2147483647 in an \.onnx file; pass a weights file/,
    );
  });

  test.each([[[2 ** 12]], [[1, 2 ** 12, 1, 1]]])(
    'leaves a bias %j in the graph: in a file it would be read for as long as a session lives',
    (shape) => {
      const weights = createWeightsFile('weights.bin');
      const bias = constant(
        shape,
        Float64Array.from({ length: 2 ** 12 }, (_, i) => i),
      );
      const x = input('x', 'float32', shape);
      encodeModel(graph({ name: 'sum', inputs: [x], outputs: { y: add(x, bias) } }), {
        producer,
        weights,
      });
      expect(weights.byteLength).toBe(0);
    },
  );

  test('leaves small tensors in the graph and large ones, aligned to 64 bytes, to the weights file', () => {
    const weights = createWeightsFile('weights.bin');
    const { initializers } = decodeModel(encodeModel(example(), { producer, weights })).graph;
    const external = initializers.filter(({ data }) => !(data instanceof Uint8Array));
    expect(external.map(({ name, data }) => [name, data])).toEqual([
      ['large', { file: 'weights.bin', offset: 0, length: 2304 }],
    ]);
    encodeModel(sibling(), { producer, weights });
    expect(weights.byteLength).toBe(2304); // the sibling's large kernel is the same
  });
});

describe('createWeightsFile', () => {
  const ramp = (length: number, step: number) =>
    constant(
      [length],
      Float64Array.from({ length }, (_, i) => i * step),
    );

  test('places tensors at multiples of 64 bytes with zeros between, and equal contents once', () => {
    const weights = createWeightsFile('w');
    expect(weights.add(ramp(3, 1))).toEqual({ file: 'w', offset: 0, length: 12 });
    expect(weights.add(ramp(5, 2))).toEqual({ file: 'w', offset: 64, length: 20 });
    expect(weights.add(ramp(3, 1))).toEqual({ file: 'w', offset: 0, length: 12 });
    const content = contentOf(weights);
    expect(content).toHaveLength(weights.byteLength);
    expect(content.readFloatLE(64 + 8)).toBe(4);
    expect(content.subarray(12, 64).every((byte) => byte === 0)).toBe(true);
  });

  test('tells tensors of one size apart', () => {
    const weights = createWeightsFile('w');
    const offsets = new Set<number>();
    for (let step = 1; step <= 500; step++) offsets.add(weights.add(ramp(16, step)).offset);
    expect(offsets.size).toBe(500);
  });

  test('makes its content tensor by tensor, so that no buffer has to hold the file', () => {
    const weights = createWeightsFile('w');
    for (let step = 1; step <= 3; step++) weights.add(ramp(24, step));
    expect(Array.from(weights.chunks(), (chunk) => chunk.length)).toEqual([96, 32, 96, 32, 96]);
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'glow-onnx-graph-'));
    const weights = createWeightsFile('weights.bin');
    writeFileSync(join(folder, 'a.onnx'), encodeModel(example(), { producer, weights }));
    writeFileSync(join(folder, 'b.onnx'), encodeModel(sibling(), { producer, weights }));
    writeFileSync(join(folder, 'weights.bin'), contentOf(weights));
    writeFileSync(join(folder, 'single.onnx'), encodeModel(example(), { producer }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('with external data give in ONNX Runtime what the self-contained model gives', async () => {
    const feeds = {
      x: new Tensor(
        'float32',
        Float32Array.from({ length: 96 }, (_, i) => i / 96),
        [1, 3, 4, 8],
      ),
    };
    const results = await Promise.all(
      ['a.onnx', 'single.onnx'].map(async (file) => {
        const session = await InferenceSession.create(join(folder, file));
        const { image, total } = await session.run(feeds);
        await session.release();
        return [...(image.data as Float32Array), ...(total.data as Float32Array)];
      }),
    );
    expect(results[0]).toEqual(results[1]);
    expect(results[0].some((value) => Math.abs(value) > 0.01)).toBe(true);
  });

  checkerTest('are accepted by onnx itself, shapes included', () => {
    checkWithOnnx(...['a.onnx', 'b.onnx', 'single.onnx'].map((file) => join(folder, file)));
  });

  checkerTest('with a wrong shape would be rejected', () => {
    const broken = example();
    const output = broken.nodes[0].output;
    const nodes = [
      { ...broken.nodes[0], output: { ...output, shape: [1, 9, 2, 2] } },
      ...broken.nodes.slice(1),
    ];
    const path = join(folder, 'broken.onnx');
    writeFileSync(path, encodeModel({ ...broken, nodes }, { producer }));
    expect(() => checkWithOnnx(path)).toThrow();
  });

  test('that are not models are rejected by decodeModel', () => {
    expect(() => decodeModel(Uint8Array.of(0xff, 0xff, 0xff))).toThrow('the bytes are not an ONNX model');
  });
});
