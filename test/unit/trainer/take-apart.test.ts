import { createRandom } from '@glow-onnx/flow';
import { binToFloat32, binToModel, modelToBin } from '@glow-onnx/flow/internal';
import { takeApart } from '../../../packages/trainer/src/engine/batch.js';

test.each([1, 5, 8])('of %d bits, images fall into their bins and their noise', (bits) => {
  const random = createRandom(1);
  const bins = Array.from({ length: 500 }, () => random.below(2 ** bits));
  const uniform = bins.map(() => random.uniform());
  const { centre, noise } = takeApart(
    Float32Array.from(bins, (bin, i) => binToFloat32(bin, bits, uniform[i] as number)),
    bits,
  );
  expect([...centre]).toEqual(bins.map((bin) => binToModel(bin, bits)));
  for (const [i, u] of uniform.entries()) {
    expect(Math.abs(1 / (1 + Math.exp(-(noise[i] as number))) - u)).toBeLessThan(2 ** (bits - 25));
  }
});

test('the smallest and the largest noise stay in the bin as float32, and their logit is finite', () => {
  for (const bits of [1, 3, 8]) {
    for (let bin = 0; bin < 2 ** bits; bin++) {
      const x = [0, 1 - 2 ** -53].map((u) => binToFloat32(bin, bits, u));
      expect(x.map((value) => Math.fround(value))).toEqual(x);
      expect(x.map((value) => modelToBin(value, bits))).toEqual([bin, bin]);
      expect(x[1]).toBeLessThan(binToModel(bin, bits, 1));
      const { noise } = takeApart(Float32Array.from(x), bits);
      expect(noise.every(Number.isFinite)).toBe(true);
    }
  }
});
