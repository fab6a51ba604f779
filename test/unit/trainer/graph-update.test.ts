import { createRandom } from '@glow-onnx/flow';
import { encodeModel, graph } from '@glow-onnx/graph';
import { type FloatTensor, openSession } from '@glow-onnx/runtime/session';
import { createMuon } from '../../../packages/trainer/src/engine/muon.js';
import {
  type Learned,
  type OptimizerName,
  optimizers,
  scales,
  updates,
} from '../../../packages/trainer/src/engine/optimizer.js';
import { type Place, tensorsOf } from '../../../packages/trainer/src/engine/parameters.js';
import { createOrthogonaliser } from '../../../packages/trainer/src/onnxruntime/orthogonalise.js';
import { scaleFeeds, updateGraph } from '../../../packages/trainer/src/onnxruntime/update-graph.js';
import { relativeError } from '../../support/numeric.js';

/** JavaScript rounds to float32 where it stores, the graph after each operation: six steps of that. */
const FLOAT32 = 2e-6;

const places: Place[] = [
  { name: 'wide', shape: [10, 6, 3, 3], from: 0, to: 540 },
  { name: 'bias', shape: [50], from: 540, to: 590 },
  { name: 'tall', shape: [20, 10, 1, 1], from: 590, to: 790 },
  { name: 'matrix', shape: [10, 10], from: 790, to: 890 },
  { name: 'tall too', shape: [20, 10, 1, 1], from: 890, to: 1090 },
];
const layout = { places, size: 1090 };
const random = createRandom(7);
const draw = () => Float32Array.from({ length: layout.size }, random.normal);

/** The step of JavaScript, whose products of matrices are those of ONNX Runtime. */
async function hostStep(optimizer: OptimizerName) {
  if (optimizer !== 'muon') return { take: updates[optimizer], dispose: async () => {} };
  const { orthogonalise, dispose } = createOrthogonaliser({ device: 'cpu' });
  return { take: createMuon(layout, orthogonalise), dispose };
}

describe.each(optimizers)('%s', (optimizer) => {
  test.each([true, false])(
    'as a graph takes the steps of JavaScript, with an average: %s',
    async (averaged) => {
      const model = encodeModel(graph(updateGraph(optimizer, places, averaged)), {
        producer: { name: 'test', version: '' },
      });
      const session = await openSession({ model, device: 'cpu' });
      const zeros = () => new Float32Array(layout.size);
      const start = draw();
      const expected: Learned = {
        ...{ parameters: start.slice(), m: zeros(), v: zeros() },
        ...(averaged && { average: start.slice() }),
      };
      const { take, dispose } = await hostStep(optimizer);
      let ours: Record<string, FloatTensor> = {};
      for (const [vector, numbers] of Object.entries(expected))
        Object.assign(ours, named(vector, numbers.slice()));
      for (let step = 1; step <= 6; step++) {
        const gradient = draw();
        const factor = step % 2 === 0 ? 0.3 : 1; // clipped every other time
        const betas = { beta1: 0.8, beta2: 0.99 };
        const numbers = scales[optimizer]({ rate: 0.01 * step, ...betas, factor, step, decay: 0.9 });
        const next = await session.run({
          ...ours,
          ...named('gradient', gradient),
          ...scaleFeeds(optimizer, numbers, averaged),
        });
        ours = Object.fromEntries(
          Object.entries(next).map(([name, value]) => [name.replace(/^next\//, ''), value]),
        );
        await take(expected, gradient, numbers);
      }
      await session.release();
      await dispose();
      expect(Object.keys(ours)).toHaveLength((averaged ? 4 : 3) * places.length);
      for (const [vector, numbers] of Object.entries(expected)) {
        for (const { name, from, to } of places) {
          const got = ours[`${vector}/${name}`] as FloatTensor;
          const error = relativeError(got.data, numbers.subarray(from, to));
          expect({ vector, name, error, ok: error < FLOAT32 }).toMatchObject({ ok: true });
        }
      }
      if (averaged) expect(expected.average?.[0]).not.toBeCloseTo(expected.parameters[0] as number, 3);
    },
  );
});

/** A vector's parts by the names of the graph's inputs. */
function named(vector: string, numbers: Float32Array): Record<string, FloatTensor> {
  const parts = Object.entries(tensorsOf({ places }, numbers));
  return Object.fromEntries(parts.map(([name, value]) => [`${vector}/${name}`, value]));
}
