import { createRandom } from '@glow-onnx/flow';
import { openGraphUpdate, openUpdate } from '../../packages/trainer/src/engine/graph-update.js';
import { scales, updates } from '../../packages/trainer/src/engine/optimizer.js';
import { relativeError } from '../numeric.js';

/** JavaScript rounds to float32 where it stores, the graph after each operation: six steps of that. */
const FLOAT32 = 2e-6;
/** More than one piece, the last of them short. */
const LENGTH = 262_144 + 1001;

const random = createRandom(7);
const draw = (length: number) => Float32Array.from({ length }, random.normal);

test.each(['adam', 'adamax'] as const)('%s as a graph takes the steps of JavaScript', async (name) => {
  const noise = new Float32Array(LENGTH + 7);
  const some = draw(5003);
  for (let at = 0; at + some.length < noise.length; at += some.length) noise.set(some, at);
  noise.set(some, noise.length - some.length);
  const parameters = noise.slice(0, LENGTH);
  const zeros = () => new Float32Array(LENGTH);
  const ours = { parameters, average: parameters.slice(), m: zeros(), v: zeros() };
  const expected = { parameters: parameters.slice(), average: parameters.slice(), m: zeros(), v: zeros() };
  const { update, close } = await openGraphUpdate(name, { threads: 1, average: true });
  for (let step = 1; step <= 6; step++) {
    const gradient = noise.subarray(step, step + LENGTH);
    const factor = step % 2 === 0 ? 0.3 : 1; // clipped every other time
    const numbers = scales[name]({ rate: 0.01 * step, factor, step, decay: 0.9 });
    await update(ours, gradient, numbers);
    updates[name](expected, gradient, numbers);
  }
  await close();
  for (const which of ['parameters', 'average', 'm', 'v'] as const) {
    // The beginning, and the end with the border between both pieces: comparing all takes Jest a minute.
    for (const from of [0, LENGTH - 2000]) {
      const part = (vector: Float32Array) => vector.subarray(from, from + 2000);
      const error = relativeError(part(ours[which]), part(expected[which]));
      expect({ which, from, error, ok: error < FLOAT32 }).toMatchObject({ ok: true });
    }
  }
  expect(ours.average[0]).not.toBeCloseTo(ours.parameters[0] as number, 3);
});

test('where no average is kept, none is needed', async () => {
  const ours = { parameters: draw(10), m: new Float32Array(10), v: new Float32Array(10) };
  const expected = { parameters: ours.parameters.slice(), m: ours.m.slice(), v: ours.v.slice() };
  const { update, close } = await openGraphUpdate('adam', { threads: 1, average: false });
  const numbers = scales.adam({ rate: 0.1, factor: 1, step: 1, decay: 0 });
  const gradient = draw(10);
  await update(ours, gradient, numbers);
  updates.adam(expected, gradient, numbers);
  await close();
  expect(relativeError(ours.parameters, expected.parameters)).toBeLessThan(FLOAT32);
});

test('the graph is taken where there are parameters and threads enough', async () => {
  const chosen = async (size: number, threads: number) => {
    const { update, close } = await openUpdate('adam', { size, threads, average: true });
    await close();
    return update === updates.adam ? 'JavaScript' : 'graph';
  };
  expect(await chosen(44e6, 2)).toBe('JavaScript');
  expect(await chosen(1e6, 16)).toBe('JavaScript');
  expect(await chosen(44e6, 4)).toBe('graph');
});
