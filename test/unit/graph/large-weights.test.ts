import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  constant,
  conv,
  createWeightsFile,
  decodeModel,
  encodeModel,
  graph,
  input,
  symbol,
} from '@glow-onnx/graph';
import type { WeightsFile } from '@glow-onnx/graph/internal';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { relativeError } from '../../support/numeric.js';
import { producer, runGraph } from '../../support/run-graph.js';

/** Where the weights begin: beyond what 32 bits and a protobuf message can hold. What lies before is a hole, no bytes. */
const FAR = 5 * 2 ** 30;

const folder = mkdtempSync(join(tmpdir(), 'glow-large-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of weights with 5 GiB of others before them. */
function after(bytes: number, file: WeightsFile): WeightsFile {
  return {
    name: file.name,
    get byteLength() {
      return bytes + file.byteLength;
    },
    add: (tensor) => {
      const location = file.add(tensor);
      return { ...location, offset: bytes + location.offset };
    },
    chunks: file.chunks,
  };
}

const wave = (n: number) => Float64Array.from({ length: n }, (_, i) => Math.fround(Math.sin(1 + i)));

test('weights 5 GiB into their file are read from there, by this package and by ONNX Runtime', async () => {
  const x = input('x', 'float32', [symbol('batch'), 4, symbol('height'), symbol('width')]);
  const y = conv(x, constant([16, 4, 3, 3], wave(576)), { pads: [1, 1, 1, 1] });
  const built = graph({ name: 'far', inputs: [x], outputs: { y } });
  const weights = createWeightsFile('weights.bin');
  const bytes = encodeModel(built, { producer, weights: after(FAR, weights) });
  writeFileSync(join(folder, 'far.onnx'), bytes);
  const file = openSync(join(folder, 'weights.bin'), 'w');
  let position = FAR;
  for (const chunk of weights.chunks()) position += writeSync(file, chunk, 0, chunk.length, position);
  closeSync(file);
  const { size, blocks } = statSync(join(folder, 'weights.bin'));
  expect(size).toBe(FAR + 576 * 4);
  expect(blocks * 512).toBeLessThan(2 ** 20);

  expect(decodeModel(bytes).graph.initializers.map(({ data }) => data)).toContainEqual({
    file: 'weights.bin',
    offset: FAR,
    length: 576 * 4,
  });
  const image = { shape: [1, 4, 4, 4], data: [...wave(64)] };
  const session = await InferenceSession.create(join(folder, 'far.onnx'));
  const got = await session.run({ x: new Tensor('float32', Float32Array.from(image.data), image.shape) });
  await session.release();
  const expected = await runGraph(built, { x: image });
  expect(relativeError(got.y.data as Float32Array, expected.y.data)).toBe(0);
});
