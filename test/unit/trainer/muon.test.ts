import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '@glow-onnx/flow';
import { createMuon, type Orthogonalise } from '../../../packages/trainer/src/engine/muon.js';
import { scales } from '../../../packages/trainer/src/engine/optimizer.js';
import type { Place } from '../../../packages/trainer/src/engine/parameters.js';
import { createOrthogonaliser } from '../../../packages/trainer/src/onnxruntime/orthogonalise.js';
import { openDevice } from '../../../packages/trainer/src/tfjs/device.js';
import { orthogonalise as byTfjs } from '../../../packages/trainer/src/tfjs/orthogonalise.js';
import { relativeError } from '../../support/numeric.js';

/** Sums in another order, through five steps that stretch small singular values by 3.4 each. */
const FLOAT32 = 1e-4;

/** Four steps of PyTorch's torch.optim.Muon in float64; see test/support/golden/README.md. */
type Kernel = { shape: number[]; start: number[]; gradients: number[][]; end: number[] };
const golden: Record<string, Kernel> = JSON.parse(
  readFileSync(join(__dirname, '../../support/golden/muon.json'), 'utf8'),
);
const kernels = Object.values(golden);
let size = 0;
const places = Object.entries(golden).map(([name, { shape, start }]): Place => {
  const from = size;
  size += start.length;
  return { name, shape, from, to: size };
});
const flat = (numbers: (kernel: Kernel) => number[]) => Float32Array.from(kernels.flatMap(numbers));
const fresh = () => ({
  ...{ parameters: flat(({ start }) => start), average: flat(({ start }) => start) },
  ...{ m: new Float32Array(size), v: new Float32Array(size) },
});
const numbersOf = (step: number) =>
  scales.muon({ rate: 0.05, beta1: 0.9, beta2: 0.999, factor: 0.5, step, decay: 0 });

const onnxRuntime = createOrthogonaliser({ device: 'cpu' });
afterAll(() => onnxRuntime.dispose());

describe.each<[string, Orthogonalise]>([
  ['ONNX Runtime', onnxRuntime.orthogonalise],
  ['TensorFlow.js', byTfjs],
])('by %s', (_, orthogonalise) => {
  beforeAll(() => openDevice('wasm'));

  test('four steps on wide, tall and square kernels are those of PyTorch', async () => {
    const learned = fresh();
    const take = createMuon({ places, size }, orthogonalise);
    for (let step = 1; step <= 4; step++) {
      await take(
        learned,
        flat(({ gradients }) => gradients[step - 1]),
        numbersOf(step),
      );
    }
    for (const [i, { from, to }] of places.entries()) {
      const { start, end } = kernels[i];
      const moved = (numbers: Iterable<number>) => Float64Array.from(numbers, (x, at) => x - start[at]);
      const error = relativeError(moved(learned.parameters.subarray(from, to)), moved(end));
      expect(error).toBeLessThan(FLOAT32);
    }
    expect(learned.average).toEqual(learned.parameters); // a decay of 0
    expect(learned.v).toEqual(new Float32Array(size));
  });

  test('singular values become 0.7 to 1.2, and a matrix of zeros stays one', async () => {
    const random = createRandom(3);
    const [rows, columns] = [5, 40];
    const drawn = Float32Array.from({ length: 2 * rows * columns }, random.normal).fill(0, rows * columns);
    const [{ data }] = await orthogonaliseAlone(orthogonalise, [2, rows, columns], drawn);
    // By Gershgorin's circles, the eigenvalues of XXᵀ are within its diagonal ± the sum of the row's others.
    for (let i = 0; i < rows; i++) {
      const products = Array.from({ length: rows }, (_, j) => {
        let sum = 0;
        for (let k = 0; k < columns; k++) sum += data[i * columns + k] * data[j * columns + k];
        return sum;
      });
      const others = products.reduce((sum, product, j) => (j === i ? sum : sum + Math.abs(product)), 0);
      expect(products[i] - others).toBeGreaterThan(0.3);
      expect(products[i] + others).toBeLessThan(1.6);
    }
    expect(data.subarray(rows * columns)).toEqual(new Float32Array(rows * columns));
  });
});

/** ONNX Runtime keeps the graph of its first shapes. */
async function orthogonaliseAlone(orthogonalise: Orthogonalise, shape: number[], data: Float32Array) {
  const own = createOrthogonaliser({ device: 'cpu' });
  try {
    return await (orthogonalise === byTfjs ? byTfjs : own.orthogonalise)([{ shape, data }]);
  } finally {
    await own.dispose();
  }
}

test('what is no kernel takes a step of Adam', async () => {
  const places: Place[] = [
    { name: 'bias', shape: [2], from: 0, to: 2 },
    { name: 'kernel', shape: [1, 1, 1, 1], from: 2, to: 3 },
    { name: 'matrix', shape: [2, 1], from: 3, to: 5 },
  ];
  const learned = { parameters: new Float32Array(5), m: new Float32Array(5), v: new Float32Array(5) };
  const take = createMuon({ places, size: 5 }, async ([{ shape }]) => [{ shape, data: Float32Array.of(1) }]);
  await take(learned, Float32Array.of(3, -4, 5, 6, -7), numbersOf(1));
  const [a, b, kernel, c, d] = learned.parameters;
  for (const [found, wanted] of [
    [a, -0.05],
    [b, 0.05],
    [kernel, -0.01],
    [c, -0.05],
    [d, 0.05],
  ]) {
    expect(found).toBeCloseTo(wanted, 6); // Adam's first step is the rate; the kernel's is 0.2 of it
  }
});

test('if orthogonalising fails, nothing has changed', async () => {
  const learned = fresh();
  const take = createMuon({ places, size }, async () => {
    throw new Error('out of memory');
  });
  await expect(
    take(
      learned,
      flat(({ start }) => start),
      numbersOf(1),
    ),
  ).rejects.toThrow('out of memory');
  expect(learned).toEqual(fresh());
});
