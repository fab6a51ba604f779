// Products of many rows with few columns, by ONNX Runtime on one thread: plain JavaScript takes ten times as long.
import { createRequire } from 'node:module';
import { encodeModel, gemm, graph, input } from '@glow-onnx/graph';

const { InferenceSession, Tensor } = createRequire(import.meta.url)('onnxruntime-node');
const most = 1000; // rows of a product
const sessions = new Map();

/** a · b, either of them transposed first. Tensors are { shape, data }. */
export async function product(a, b, { transposeA = false, transposeB = false } = {}) {
  const key = [a.shape, b.shape, transposeA, transposeB].join();
  if (!sessions.has(key)) {
    const inputs = [input('a', 'float32', a.shape), input('b', 'float32', b.shape)];
    const bytes = encodeModel(
      graph({ name: 'product', inputs, outputs: { c: gemm(...inputs, { transposeA, transposeB }) } }),
      { producer: { name: 'bench', version: '0' } },
    );
    sessions.set(key, InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 }));
  }
  const session = await sessions.get(key);
  const tensor = ({ shape, data }) => new Tensor('float32', data, shape);
  const { c } = await session.run({ a: tensor(a), b: tensor(b) });
  return c.data;
}

/** As `plainProducts` of examples/probe/train-probe.mjs. Rows that lie one after another in memory are not copied. */
export function fastProducts(rows, columns) {
  const features = rows[0].length;
  const parts = [];
  for (let first = 0; first < rows.length; first += most) {
    parts.push({ first, matrix: matrixOf(rows.slice(first, first + most)) });
  }
  return {
    async times(weights) {
      const b = { shape: [features, columns], data: Float32Array.from(weights) };
      const result = new Float64Array(rows.length * columns);
      for (const { first, matrix } of parts) result.set(await product(matrix, b), first * columns);
      return result;
    },
    async transposedTimes(errors) {
      const sum = new Float64Array(features * columns);
      for (const { first, matrix } of parts) {
        const count = matrix.shape[0];
        const own = errors.subarray(first * columns, (first + count) * columns);
        const b = { shape: [count, columns], data: Float32Array.from(own) };
        const part = await product(matrix, b, { transposeA: true });
        for (let i = 0; i < sum.length; i++) sum[i] += part[i];
      }
      return sum;
    },
  };
}

/** Rows as one matrix, a view where they lie one after another. */
export function matrixOf(rows) {
  const [{ buffer, byteOffset, length, byteLength }] = rows;
  const shape = [rows.length, length];
  const isView = rows.every(
    (row, i) => row.buffer === buffer && row.byteOffset === byteOffset + i * byteLength,
  );
  if (isView) return { shape, data: new Float32Array(buffer, byteOffset, rows.length * length) };
  const data = new Float32Array(rows.length * length);
  rows.forEach((row, i) => {
    data.set(row, i * length);
  });
  return { shape, data };
}
